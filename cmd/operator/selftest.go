// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// selftest proves an installation: it makes a realm, waits until it is ready,
// logs in as its first user, and removes it again. Helm runs it as its test.
type selftest struct {
	namespace, name string
	patience        time.Duration
	scheduling      *v1alpha1.Scheduling
	out             io.Writer

	cluster client.Client
	realm   *v1alpha1.AuthRealm
}

const (
	// look is how often to look at the realm. It may not be watched: a role for
	// one name cannot allow that.
	look = time.Second
	// farewell is how long the realm may take to go, whatever became of the test.
	farewell = time.Minute
)

func runSelftest(ctx context.Context, args []string, out io.Writer) error {
	s := selftest{out: out}
	set := flag.NewFlagSet("operator selftest", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&s.namespace, "namespace", "", "where to make the realm")
	set.StringVar(&s.name, "name", "selftest", "what to call it")
	set.Func("scheduling", "where its pods may run, as scheduling of an AuthRealm in JSON", func(document string) error {
		return json.Unmarshal([]byte(document), &s.scheduling)
	})
	set.DurationVar(&s.patience, "timeout", 4*time.Minute, "how long the realm may take to be ready")
	if err := set.Parse(args); err != nil {
		return err
	}
	if s.namespace == "" || set.NArg() > 0 {
		return errors.New("selftest needs --namespace, and nothing but flags")
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find the cluster: %w", err)
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	if s.cluster, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	return s.run(ctx)
}

func (s *selftest) run(ctx context.Context) (err error) {
	if err := s.create(ctx); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
		err = errors.Join(err, s.remove(ctx))
	}()
	if err := s.awaitReady(ctx); err != nil {
		return err
	}
	account, err := s.firstUser(ctx)
	if err != nil {
		return err
	}
	if err := account.proveLogin(ctx); err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	s.say("Logged in over TLS as %s, and the token verifies against the JWKS", account.email)
	return nil
}

// create makes the smallest realm there is, which fits into a namespace with a quota.
// One that an earlier run has left behind goes first.
func (s *selftest) create(ctx context.Context) error {
	size := resource.MustParse("1Gi")
	replicas := int32(1)
	s.realm = &v1alpha1.AuthRealm{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: s.name},
		Spec: v1alpha1.AuthRealmSpec{
			Issuer:   fmt.Sprintf("https://%s.%s.svc.cluster.local", s.name, s.namespace),
			Replicas: &replicas, Resources: atMost("1", "256Mi"), Scheduling: s.scheduling,
			Database: &v1alpha1.Database{Managed: &v1alpha1.ManagedDatabase{
				DeletionPolicy: v1alpha1.DeleteData, Storage: &v1alpha1.Storage{Size: &size},
				Resources: atMost("1", "512Mi"), Scheduling: s.scheduling,
			}},
			Cache: &v1alpha1.Cache{Managed: &v1alpha1.ManagedCache{Resources: atMost("500m", "192Mi"), Scheduling: s.scheduling}},
		},
	}
	if err := s.remove(ctx); err != nil {
		return err
	}
	if err := s.cluster.Create(ctx, s.realm); err != nil {
		return fmt.Errorf("create realm: %w", err)
	}
	s.say("Made realm %s/%s", s.namespace, s.name)
	return nil
}

// atMost are the resources of a container that asks for little.
func atMost(cpu, memory string) *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("64Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
	}
}

// awaitReady tells what the realm waits for, each time that changes.
func (s *selftest) awaitReady(ctx context.Context) error {
	said := ""
	err := wait.PollUntilContextTimeout(ctx, look, s.patience, true, func(ctx context.Context) (bool, error) {
		if err := s.cluster.Get(ctx, client.ObjectKeyFromObject(s.realm), s.realm); err != nil {
			return false, err
		}
		ready := meta.FindStatusCondition(s.realm.Status.Conditions, v1alpha1.ReadyCondition)
		if ready == nil {
			return false, nil
		}
		if ready.Message != said {
			said = ready.Message
			s.say("Ready is %s: %s", ready.Status, ready.Message)
		}
		return ready.Status == metav1.ConditionTrue, nil
	})
	switch {
	case err == nil:
		return nil
	case wait.Interrupted(err) && said == "":
		return fmt.Errorf("the operator did not look at the realm within %s; is it running, and does it watch namespace %s?", s.patience, s.namespace)
	case wait.Interrupted(err):
		return fmt.Errorf("the realm was not ready within %s: %s", s.patience, said)
	}
	return fmt.Errorf("wait for realm: %w", err)
}

func (s *selftest) firstUser(ctx context.Context) (account, error) {
	var credentials corev1.Secret
	var trust corev1.ConfigMap
	err := errors.Join(
		s.cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: s.name + "-initial-admin"}, &credentials),
		s.cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: s.name + "-ca"}, &trust),
	)
	if err != nil {
		return account{}, fmt.Errorf("read what the operator made: %w", err)
	}
	return account{
		issuer:   s.realm.Spec.Issuer,
		endpoint: s.realm.Status.Endpoint,
		trusted:  []byte(trust.Data["ca.crt"]),
		email:    string(credentials.Data["email"]),
		password: string(credentials.Data["password"]),
	}, nil
}

func (s *selftest) remove(ctx context.Context) error {
	err := s.cluster.Delete(ctx, s.realm.DeepCopy(), client.PropagationPolicy(metav1.DeletePropagationForeground))
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove realm: %w", err)
	}
	err = wait.PollUntilContextTimeout(ctx, look, farewell, true, func(ctx context.Context) (bool, error) {
		err := s.cluster.Get(ctx, client.ObjectKeyFromObject(s.realm), &v1alpha1.AuthRealm{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("wait until the realm is gone: %w", err)
	}
	s.say("Removed realm %s/%s", s.namespace, s.name)
	return nil
}

func (s *selftest) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }
