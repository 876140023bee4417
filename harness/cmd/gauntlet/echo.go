package main

import (
	"fmt"
	"os"

	"gauntlet/harness/observe"
)

// echoName is the command of echoCommand.
const echoName = "echo"

// echoCommand is what the control stream of a run asks, in a process of its
// own: `gauntlet run` starts it from its own binary.
type echoCommand struct{}

// Run serves until stdin ends, which it does with the run in whatever way.
func (c *echoCommand) Run(std streams) error { return observe.ServeEcho(os.Stdin, std.out) }

// itself is the command line that starts gauntlet's own binary with these
// words.
func itself(words ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find gauntlet's own binary: %w", err)
	}
	return append([]string{self}, words...), nil
}
