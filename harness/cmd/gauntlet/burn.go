package main

import (
	"fmt"
	"os"

	"gauntlet/harness/platform/burn"
)

// burnCommand is what a StressChaos makes run beside a replica: `gauntlet run`
// starts it from its own binary.
type burnCommand struct {
	Workers int   `help:"Workers that compute." default:"0"`
	Load    int   `help:"Of a core by each of them, in percent." default:"100"`
	Memory  int64 `help:"Memory held, in bytes." default:"0"`
}

// Run burns until stdin ends, which it does with the run in whatever way.
func (c *burnCommand) Run(std streams) error {
	return burn.Serve(os.Stdin, std.out, burn.Work{Workers: c.Workers, Load: c.Load, Memory: c.Memory})
}

// burnAgain is the command line that starts a burner, but for its work.
func burnAgain() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find gauntlet's own binary: %w", err)
	}
	return []string{self, "burn"}, nil
}
