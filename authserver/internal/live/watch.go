// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// debounce is how long the folder must be quiet before it is read: a change of
	// a mount is several events.
	debounce = 50 * time.Millisecond
	// rescanInterval makes up for events that a filesystem did not send.
	rescanInterval = time.Minute
	// pollInterval is how often to look when nothing sends events.
	pollInterval = 5 * time.Second
)

// Watch takes up changes until ctx is done. The kubelet replaces a mount by
// renaming a symbolic link inside it, so directories are watched, not files.
func (f *Folder) Watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		// A node has few of them for one user (fs.inotify.max_user_instances).
		f.log.WarnContext(ctx, "no notification of changes, looking every few seconds", "error", err)
		f.poll(ctx)
		return
	}
	defer func() { _ = watcher.Close() }()
	f.rescan(watcher) // what changed before the watch began
	f.watchEvents(ctx, watcher)
}

func (f *Folder) poll(ctx context.Context) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.reload()
		}
	}
}

func (f *Folder) watchEvents(ctx context.Context, watcher *fsnotify.Watcher) {
	fallback := time.NewTicker(rescanInterval)
	defer fallback.Stop()
	quiet := time.NewTimer(0)
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			quiet.Reset(debounce)
		case err := <-watcher.Errors:
			f.log.Warn("watch realm documents", "error", err)
			quiet.Reset(debounce)
		case <-quiet.C:
			f.rescan(watcher)
		case <-fallback.C:
			f.rescan(watcher)
		}
	}
}

// rescan also watches mounts that have appeared or been replaced.
func (f *Folder) rescan(watcher *fsnotify.Watcher) {
	if err := f.watchDirectories(watcher); err != nil {
		f.log.Warn("watch realm documents", "error", err)
	}
	f.reload()
}

func (f *Folder) watchDirectories(watcher *fsnotify.Watcher) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("watch realm documents: %w", err)
	}
	if err := watcher.Add(f.dir); err != nil {
		return fmt.Errorf("watch realm documents: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(f.dir, entry.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		if err := watcher.Add(path); err != nil {
			return fmt.Errorf("watch realm documents: %w", err)
		}
	}
	return nil
}
