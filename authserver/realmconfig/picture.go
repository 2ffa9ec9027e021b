// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"slices"
	"strings"
)

// MediaType says what a picture is.
type MediaType string

// The kinds of pictures that pages show.
const (
	SVG MediaType = "image/svg+xml"
	PNG MediaType = "image/png"
)

// Picture is a small picture.
type Picture struct {
	MediaType MediaType `json:"mediaType"`
	Data      []byte    `json:"data"`
}

// MaxPicture is the size of the largest one, in bytes: a page stays light with it.
const MaxPicture = 32 << 10

// NewPicture recognises a picture by its content. The error says why a page
// could not show it, and quotes nothing.
func NewPicture(data []byte) (*Picture, error) {
	if len(data) > MaxPicture {
		return nil, fmt.Errorf("has %d bytes, and may have %d", len(data), MaxPicture)
	}
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		if _, err := png.DecodeConfig(bytes.NewReader(data)); err != nil {
			return nil, errors.New("is a damaged PNG")
		}
		return &Picture{PNG, data}, nil
	}
	if err := stillSVG(data); err != nil {
		return nil, err
	}
	return &Picture{SVG, data}, nil
}

func (p Picture) validate(field string) error {
	recognised, err := NewPicture(p.Data)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", field, err)
	case recognised.MediaType != p.MediaType:
		return fmt.Errorf("%s.mediaType: is not what the data are", field)
	}
	return nil
}

// stillSVG refuses what is no SVG, and an SVG that would do more than be looked
// at. A browser runs nothing of a picture anyway, and the server tells it not to
// even where somebody opens the picture by itself: this is one lock more.
func stillSVG(data []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	root := true
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && !root {
			return nil
		}
		if err != nil {
			return errors.New("is neither PNG nor well-formed SVG")
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root && element.Name != (xml.Name{Space: "http://www.w3.org/2000/svg", Local: "svg"}) {
			return errors.New("is neither PNG nor SVG: its first element must be svg of http://www.w3.org/2000/svg")
		}
		root = false
		if name := strings.ToLower(element.Name.Local); name == "script" || name == "foreignobject" {
			return fmt.Errorf("has an element %s; a logo is a picture alone", name)
		}
		if slices.ContainsFunc(element.Attr, handlesEvents) {
			return errors.New("has an attribute on…; a logo is a picture alone")
		}
	}
}

func handlesEvents(a xml.Attr) bool { return strings.HasPrefix(strings.ToLower(a.Name.Local), "on") }
