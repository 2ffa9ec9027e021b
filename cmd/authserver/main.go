// SPDX-License-Identifier: Apache-2.0

// Command authserver serves one realm, prepares its database, or brings users of
// another system into it:
//
//	authserver migrate --config-dir /etc/realmkeeper
//	authserver serve   --config-dir /etc/realmkeeper
//	authserver import  --config-dir /etc/realmkeeper < users.jsonl
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// version is set by the linker; a plain build says what it was built from.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	// The Redis client complains of every failed dial, to one logger for the
	// whole process and in a format of its own. The server says it once.
	logging.Disable()
	cores := shareProcessors()
	if err := run(ctx, cores, os.Args[1:], os.Stdin, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "authserver:", err)
		}
		stop()
		os.Exit(1)
	}
}

// shareProcessors returns the number of cores the process may use, and gives
// the scheduler twice as many processors. Hashing keeps one busy per core,
// without a pause in which the network would be looked at; the other half is
// for everything else, and the kernel shares the cores between the two.
func shareProcessors() (cores int) {
	cores = runtime.GOMAXPROCS(0)
	runtime.GOMAXPROCS(2 * cores)
	return cores
}

const usage = "usage: authserver serve|migrate|import [flags]"

func run(ctx context.Context, cores int, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	o := authserver.Options{Build: build(), Now: time.Now, HashingWorkers: cores}
	level := slog.LevelInfo
	flags := flag.NewFlagSet("authserver "+args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.ConfigDir, "config-dir", realmconfig.Dir, "folder of the realm's documents")
	flags.TextVar(&level, "log-level", slog.LevelInfo, "debug, info, warn or error")

	switch args[0] {
	case "migrate":
		opsAddress := flags.String("ops-address", fmt.Sprintf(":%d", realmconfig.OpsPort), "address of the plain HTTP listener that says what it waits for")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.Log = logger(out, level)
		return migrate(ctx, o, *opsAddress)
	case "import":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.Log = logger(out, level)
		return authserver.Import(ctx, o, in)
	case "serve":
		apiAddress := flags.String("api-address", fmt.Sprintf(":%d", realmconfig.APIPort), "address of the HTTPS listener")
		opsAddress := flags.String("ops-address", fmt.Sprintf(":%d", realmconfig.OpsPort), "address of the plain HTTP listener for probes and metrics")
		flags.DurationVar(&o.DrainDelay, "drain-delay", 5*time.Second, "how long to go on serving after SIGTERM")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		o.Log = logger(out, level)
		return serve(ctx, o, *apiAddress, *opsAddress)
	default:
		return errors.New(usage)
	}
}

// migrate does without its listener where a server has the address already.
func migrate(ctx context.Context, o authserver.Options, opsAddress string) (err error) {
	if o.Ops, err = net.Listen("tcp", opsAddress); err != nil {
		o.Log.InfoContext(ctx, "not telling what is waited for", "reason", err)
		o.Ops = nil
	}
	return authserver.Migrate(ctx, o)
}

func serve(ctx context.Context, o authserver.Options, apiAddress, opsAddress string) (err error) {
	if o.API, err = net.Listen("tcp", apiAddress); err != nil {
		return fmt.Errorf("listen for the API: %w", err)
	}
	if o.Ops, err = net.Listen("tcp", opsAddress); err != nil {
		return fmt.Errorf("listen for probes: %w", err)
	}
	return authserver.Run(ctx, o)
}

func logger(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
}

func build() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}
