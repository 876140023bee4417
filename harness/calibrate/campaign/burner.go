package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gauntlet/harness/child"
	"gauntlet/harness/platform/burn"
)

// longestBurn ends a burner whose run hangs.
const longestBurn = 10 * time.Minute

// burner is a process that computes beside a run and is none of its own, as
// other work on the host is.
type burner struct {
	process *child.Child
	late    *time.Timer
}

// startBurner starts command, which must run burn.Serve, and waits until it
// burns.
func startBurner(ctx context.Context, command []string) (*burner, error) {
	c, err := child.Start(ctx, command)
	if err == nil && c.Said != burn.Ready {
		err = errors.Join(fmt.Errorf("it says %q", c.Said), c.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("a burner: %w", err)
	}
	return &burner{c, time.AfterFunc(longestBurn, c.Kill)}, nil
}

// Close ends the burner. The error says that it had ended before.
func (b *burner) Close() error {
	b.late.Stop()
	if ended, err := b.process.Ended(); ended {
		return fmt.Errorf("the burner ended before the run: %w", err)
	}
	b.process.Close() // however it ends, it was there
	return nil
}
