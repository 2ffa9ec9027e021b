// SPDX-License-Identifier: Apache-2.0

//go:build kube

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// runLocalStorage answers claims of the StorageClass whose provisioner is
// -name with one folder each under -folder.
func runLocalStorage() int {
	flags := flag.NewFlagSet("local-storage", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "file with the address of and the credentials for the API server")
	name := flags.String("name", "localkube.realmkeeper.io/folder", "provisioner name in the StorageClass")
	folder := flags.String("folder", "", "absolute path of the folder that holds one folder per volume")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 64
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := provision(ctx, *kubeconfig, *name, *folder); err != nil {
		klog.ErrorS(err, "Local storage stopped")
		return 1
	}
	return 0
}

func provision(ctx context.Context, kubeconfig, name, folder string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("build client: %w", err)
	}
	// One node has one provisioner: leader election would only delay the first volume.
	controller.NewProvisionController(ctx, client, name, folders{root: folder},
		controller.LeaderElection(false)).Run(ctx)
	return nil
}

// folders makes PersistentVolumes of type local, one folder each. The type
// hostPath would do as well, but the kubelet applies a pod's fsGroup to local
// volumes only, and a database that runs as an ordinary user needs that.
type folders struct{ root string }

func (f folders) Provision(_ context.Context, options controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	if options.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished, errors.New("the StorageClass must use volumeBindingMode WaitForFirstConsumer")
	}
	path := filepath.Join(f.root, options.PVName)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("create volume folder: %w", err)
	}
	// Mkdir is subject to the umask and an ordinary user must be able to pass.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("open volume folder to pods: %w", err)
	}
	mode := corev1.PersistentVolumeFilesystem
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    &mode,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: options.PVC.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			NodeAffinity:                  onlyOn(options.SelectedNodeName),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder of volume. It refuses a path outside the root,
// because anyone who may edit PersistentVolumes could otherwise delete any
// folder of the machine.
func (f folders) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	if volume.Spec.Local == nil || filepath.Dir(volume.Spec.Local.Path) != filepath.Clean(f.root) {
		return &controller.IgnoredError{Reason: "the volume is not one of this provisioner's folders"}
	}
	if err := os.RemoveAll(volume.Spec.Local.Path); err != nil {
		return fmt.Errorf("remove volume folder: %w", err)
	}
	return nil
}

func onlyOn(node string) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key:      corev1.LabelHostname,
			Operator: corev1.NodeSelectorOpIn,
			Values:   []string{node},
		}},
	}}}}
}
