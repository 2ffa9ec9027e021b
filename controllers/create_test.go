// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/apply"
	failures "github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/controllers/internal/secrets"
)

// lagging is a cache that has not heard of any object's metadata yet.
type lagging struct{ client.Client }

func (l lagging) Get(ctx context.Context, name client.ObjectKey, o client.Object, options ...client.GetOption) error {
	if _, metadata := o.(*metav1.PartialObjectMetadata); metadata {
		return apierrors.NewNotFound(schema.GroupResource{}, name.Name)
	}
	return l.Client.Get(ctx, name, o, options...)
}

func TestNothingIsTakenOverThatTheCacheDoesNotKnow(t *testing.T) {
	t.Parallel()
	k8s, namespace := plane.Client(t), plane.Namespace(t)
	realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
	theirs := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "staff-config"}, Data: map[string]string{"whose": "theirs"}}
	if err := k8s.Create(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	applier := apply.New(lagging{k8s}, k8s, ownership.NewOwn(k8s, k8s), time.Now)
	_, err := applier.Apply(t.Context(), realm, corev1ac.ConfigMap("staff-config", namespace).WithData(map[string]string{"whose": "ours"}))
	var failure *failures.Failure
	if !errors.As(err, &failure) || failure.Reason != v1alpha1.ReasonNameTaken || !strings.Contains(failure.Message, "somebody else") {
		t.Errorf("the error is %v", err)
	}
	version := theirs.ResourceVersion
	if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(theirs), theirs); err != nil || theirs.ResourceVersion != version {
		t.Errorf("the object was written to: %v, %v", theirs.Data, err)
	}
}

func TestOfManyWhoMakeAnObjectOneDoes(t *testing.T) {
	t.Parallel()
	k8s, namespace := plane.Client(t), plane.Namespace(t)
	realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
	const many = 16
	made := make(chan string, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			whose := string(rune('a' + i))
			applier := apply.New(lagging{k8s}, k8s, ownership.NewOwn(k8s, k8s), time.Now)
			err := applier.Create(t.Context(), realm, corev1ac.ConfigMap("staff-config", namespace).WithData(map[string]string{"whose": whose}))
			switch {
			case err == nil:
				made <- whose
			case !failures.IsConflict(err):
				t.Errorf("the error is %v", err)
			}
		})
	}
	all.Wait()
	stored := &corev1.ConfigMap{}
	if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "staff-config"}, stored); err != nil {
		t.Fatal(err)
	}
	if len(made) != 1 || <-made != stored.Data["whose"] {
		t.Errorf("%d more were made, and %v is stored", len(made), stored.Data)
	}
}

// unwilling is an API server that answers otherwise when something is to be made by
// server-side apply, as other ones than Kubernetes' own may, and a quota that others use up at
// the same time.
type unwilling struct {
	client.Client
	answer error
}

func (u unwilling) Apply(ctx context.Context, o runtime.ApplyConfiguration, options ...client.ApplyOption) error {
	if document, err := json.Marshal(o); err != nil || strings.Contains(string(document), `"resourceVersion":"1"`) {
		return errors.Join(u.answer, err)
	}
	return u.Client.Apply(ctx, o, options...)
}

func TestSecretsAreMadeWhereServerSideApplyMakesNone(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]error{
		"for a conflict":       apierrors.NewConflict(schema.GroupResource{Resource: "resourcequotas"}, "few", errors.New("it has been modified")),
		"for want of the word": apierrors.NewBadRequest("resourceVersion should not be set on objects to be created"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k8s, namespace := plane.Client(t), plane.Namespace(t)
			realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
			const many = 8
			made := make(chan string, many)
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					applier := apply.New(lagging{unwilling{k8s, answer}}, k8s, ownership.NewOwn(k8s, k8s), time.Now)
					whose, versions := string(rune('a'+i)), secrets.Versions{}
					data, created, err := secrets.NewGenerator(k8s, k8s, applier).Ensure(t.Context(), realm, versions, secrets.Generated{
						Name: "staff-signing-keys", Type: corev1.SecretTypeOpaque,
						Generate: func() (map[string][]byte, error) { return map[string][]byte{"whose": []byte(whose)}, nil },
					})
					if err != nil {
						t.Errorf("the error is %v", err)
					}
					if created {
						made <- string(data["whose"])
					}
				})
			}
			all.Wait()
			stored := &corev1.Secret{}
			if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "staff-signing-keys"}, stored); err != nil {
				t.Fatal(err)
			}
			if len(made) != 1 || <-made != string(stored.Data["whose"]) {
				t.Errorf("%d more were made, and %s is stored", len(made), stored.Data["whose"])
			}
			// What is applied from then on without a value takes it away.
			applier := apply.New(k8s, k8s, ownership.NewOwn(k8s, k8s), time.Now)
			if _, err := applier.Apply(t.Context(), realm, render.Generated(realm, stored.Name, stored.Type, map[string][]byte{"another": []byte("x")})); err != nil {
				t.Fatal(err)
			}
			if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(stored), stored); err != nil || len(stored.Data) != 1 {
				t.Errorf("%d values are stored, %v", len(stored.Data), err)
			}
		})
	}
}

// A list of the realm's own Secrets has only those that are marked, and a cache may lag.
func TestASecretThatNobodyKnowsOfIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	k8s := plane.Client(t)
	for name, mayCreate := range map[string]error{"where one may be made": nil, "where none may": errors.New("the keys are lost")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := plane.Namespace(t)
			realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
			owner := *metav1.NewControllerRef(realm, v1alpha1.GroupVersion.WithKind("AuthRealm"))
			kept := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "staff-encryption-keys", OwnerReferences: []metav1.OwnerReference{owner}},
				Data:       map[string][]byte{"key": []byte("of before")},
			}
			if err := k8s.Create(t.Context(), kept); err != nil {
				t.Fatal(err)
			}
			applier := apply.New(lagging{k8s}, k8s, ownership.NewOwn(k8s, k8s), time.Now)
			generator := secrets.NewGenerator(lagging{k8s}, k8s, applier).Listing(t.Context(), realm)
			data, created, err := generator.Ensure(t.Context(), realm, secrets.Versions{}, secrets.Generated{
				Name: kept.Name, Type: corev1.SecretTypeOpaque,
				Generate:  func() (map[string][]byte, error) { return map[string][]byte{"key": []byte("another")}, nil },
				MayCreate: func() error { return mayCreate },
			})
			if err != nil || created || string(data["key"]) != "of before" {
				t.Errorf("the key is %q, made is %v, and the error %v", data["key"], created, err)
			}
		})
	}
}

// A conflict about something else than the Secret ends the pass, and another one begins.
func TestAConflictThatLastsStaysOne(t *testing.T) {
	t.Parallel()
	k8s, namespace := plane.Client(t), plane.Namespace(t)
	realm := &v1alpha1.AuthRealm{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: realmName, UID: "1"}}
	busy := overused{k8s, apierrors.NewConflict(schema.GroupResource{Resource: "resourcequotas"}, "few", errors.New("it has been modified"))}
	generator := secrets.NewGenerator(busy, k8s, apply.New(busy, k8s, ownership.NewOwn(k8s, k8s), time.Now))
	_, _, err := generator.Ensure(t.Context(), realm, secrets.Versions{}, secrets.Generated{
		Name: "staff-signing-keys", Type: corev1.SecretTypeOpaque,
		Generate: func() (map[string][]byte, error) { return map[string][]byte{"key": []byte("x")}, nil },
	})
	if !failures.IsConflict(err) {
		t.Errorf("the error is %v", err)
	}
}

// overused lets nothing be made.
type overused struct {
	client.Client
	answer error
}

func (o overused) Apply(context.Context, runtime.ApplyConfiguration, ...client.ApplyOption) error {
	return o.answer
}

func (o overused) Create(context.Context, client.Object, ...client.CreateOption) error {
	return o.answer
}
