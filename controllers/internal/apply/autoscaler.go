// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// specOf is the spec of an autoscaler without a generation, which it has from Kubernetes
// 1.37 on, and nil of any other object: its status is written four times a minute, and only
// its spec tells whether somebody has changed it.
func (a *Applier) specOf(ctx context.Context, namespace string, ref render.Reference, existing metav1.Object) ([]byte, error) {
	if ref.Kind != autoscalingv2.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler") || existing.GetGeneration() != 0 {
		return nil, nil
	}
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{}
	found, err := get(ctx, a.live, namespace, ref, autoscaler)
	if !found || err != nil {
		return nil, err
	}
	return specIn(autoscaler.Spec)
}

// specIn writes the spec of an autoscaler the same way, wherever it was read.
func specIn(spec any) ([]byte, error) {
	document, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("marshal spec of autoscaler: %w", err)
	}
	read := autoscalingv2.HorizontalPodAutoscalerSpec{}
	if err := json.Unmarshal(document, &read); err != nil {
		return nil, fmt.Errorf("read spec of autoscaler: %w", err)
	}
	if document, err = json.Marshal(read); err != nil {
		return nil, fmt.Errorf("marshal spec of autoscaler: %w", err)
	}
	return document, nil
}
