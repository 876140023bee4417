package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"

	"gauntlet/harness/platform/netfilter"
)

// CanDrop says why packets between containers cannot be dropped by the kernel
// of this machine; nil when they can. It takes root, an engine that runs its
// containers on this kernel, and iptables, which is tried in a network
// namespace of its own.
func CanDrop(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("that takes root")
	}
	if err := netfilter.Probe(ctx); err != nil {
		return err
	}
	provider, err := connect(ctx)
	if err != nil {
		return err
	}
	defer provider.Close()
	return sameKernel(ctx, provider.Client())
}

// sameKernel says why the engine's containers do not run on the kernel that
// gauntlet runs on, beside it; nil when they do.
func sameKernel(ctx context.Context, engine client.APIClient) error {
	if err := beside(engine.DaemonHost()); err != nil {
		return err
	}
	got, err := engine.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	if ours := release(); got.Info.KernelVersion != ours {
		return fmt.Errorf("the containers run on another kernel (%s) than gauntlet (%s)", got.Info.KernelVersion, ours)
	}
	return nil
}

// release is the kernel's, as the engine names it too.
func release() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(text))
}

// RulesUndoKind is the kind under which rules are entered in the Ledger before
// they are made, with the run's id, the engine's address and what their names
// begin with.
const RulesUndoKind = "packet-rules"

// UndoRules removes the rules entered by args from the containers of the run
// that still run: with the others they have gone.
func UndoRules(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want a run, an engine and what the names of rules begin with, have %q", args)
	}
	ctx, cancel := context.WithTimeout(ctx, undoTimeout)
	defer cancel()
	engine, err := reach(ctx, args[1])
	if err != nil {
		return err
	}
	defer engine.Close()
	mine := make(client.Filters).Add("label", Label+"="+args[0])
	running, err := engine.ContainerList(ctx, client.ContainerListOptions{Filters: mine})
	if err != nil {
		return fmt.Errorf("list what the run left: %w", err)
	}
	var errs []error
	for _, c := range running.Items {
		if err := removeRules(ctx, engine, c.ID, args[2]); err != nil {
			errs = append(errs, fmt.Errorf("container %.12s: %w", c.ID, err))
		}
	}
	return errors.Join(errs...)
}

func removeRules(ctx context.Context, engine client.APIClient, id, names string) error {
	got, err := engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil || got.Container.State == nil || got.Container.State.Pid == 0 {
		return err
	}
	space, err := openSpace(got.Container.State.Pid, id)
	if hasEnded(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer space.Close()
	return space.Remove(ctx, names)
}
