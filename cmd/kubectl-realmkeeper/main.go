// SPDX-License-Identifier: Apache-2.0

// Command kubectl-realmkeeper signs people in at a realm for kubectl, whose plugin it is:
//
//	kubectl realmkeeper login  --issuer=https://login.example.com --client-id=kubernetes.kubectl
//	kubectl realmkeeper token  --issuer=https://login.example.com --client-id=kubernetes.kubectl
//	kubectl realmkeeper logout --issuer=https://login.example.com --client-id=kubernetes.kubectl
//
// A kubeconfig names the second one, which refreshes the ID token and prints it for kubectl.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/credentialplugin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "kubectl-realmkeeper:", err)
		os.Exit(1)
	}
}

const usage = "usage: kubectl realmkeeper login|token|logout --issuer=URL --client-id=ID [flags]"

const defaultScopes = "openid,email,groups"

// options are what the flags say.
type options struct {
	issuer, clientID, authority, scopes string
	device                              bool
}

func run(ctx context.Context, args []string, getenv func(string) string, out, tell io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	o, err := parse(args[0], args[1:], tell)
	if err != nil {
		return err
	}
	p, err := o.plugin(getenv, tell)
	if err != nil {
		return err
	}
	switch args[0] {
	case "login":
		return p.Login(ctx)
	case "logout":
		return p.Logout(ctx)
	case "token":
		return token(ctx, p, o, getenv, out)
	}
	return errors.New(usage)
}

func token(ctx context.Context, p *credentialplugin.Plugin, o options, getenv func(string) string, out io.Writer) error {
	canAsk, err := credentialplugin.CanAsk(getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return err
	}
	credential, err := p.Token(ctx, canAsk)
	if errors.Is(err, credentialplugin.ErrSignedOut) {
		return fmt.Errorf("%w; sign in with: %s", err, o.login())
	}
	if err != nil {
		return err
	}
	_, err = credential.WriteTo(out)
	return err
}

func parse(command string, args []string, tell io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("kubectl realmkeeper "+command, flag.ContinueOnError)
	flags.SetOutput(tell)
	flags.StringVar(&o.issuer, "issuer", "", "the realm's issuer, letter by letter")
	flags.StringVar(&o.clientID, "client-id", "", "the id of a public client of the realm")
	flags.StringVar(&o.authority, "certificate-authority", "", "file with the certificate that the issuer's is signed by; those that the machine trusts when absent")
	flags.StringVar(&o.scopes, "scopes", defaultScopes, "what to ask for, separated by commas")
	flags.BoolVar(&o.device, "device", false, "sign in on another device, by a code")
	switch err := flags.Parse(args); {
	case err != nil:
		return options{}, err
	case o.issuer == "" || o.clientID == "" || flags.NArg() > 0:
		return options{}, errors.New(usage)
	}
	return o, nil
}

func (o options) plugin(getenv func(string) string, tell io.Writer) (*credentialplugin.Plugin, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("find a folder for the tokens: %w", err)
	}
	var authority []byte
	if o.authority != "" {
		if authority, err = os.ReadFile(o.authority); err != nil {
			return nil, fmt.Errorf("read the certificate authority: %w", err)
		}
	}
	client, err := credentialplugin.NewHTTP(authority)
	if err != nil {
		return nil, err
	}
	return &credentialplugin.Plugin{
		Issuer: o.issuer, ClientID: o.clientID, Scopes: strings.Split(o.scopes, ","), Device: o.device,
		Dir: filepath.Join(cache, "realmkeeper", "kubectl"), HTTP: client,
		Browse: credentialplugin.Browser(runtime.GOOS, getenv), Tell: tell, Now: time.Now,
	}, nil
}

// login is the command that signs somebody in as these options say.
func (o options) login() string {
	command := []string{"kubectl realmkeeper login", "--issuer=" + quoted(o.issuer), "--client-id=" + quoted(o.clientID)}
	if o.authority != "" {
		command = append(command, "--certificate-authority="+quoted(o.authority))
	}
	if o.scopes != defaultScopes {
		command = append(command, "--scopes="+quoted(o.scopes))
	}
	if o.device {
		command = append(command, "--device")
	}
	return strings.Join(command, " ")
}

// quoted is a text as shells take it.
func quoted(text string) string {
	const harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+="
	if strings.Trim(text, harmless) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
