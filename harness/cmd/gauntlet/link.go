package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"gauntlet/harness/chaos/link"
)

// linkCommand is the edge proxy in a process of its own: before containers it
// stands in one, of the harness's own binary.
type linkCommand struct {
	Listen      string `default:"127.0.0.1:0" help:"Where it is controlled, host:port; the address is the first line of the output."`
	Seed        uint64 `default:"1" help:"What its draws follow from."`
	IgnoreStdin bool   `help:"Do not end with stdin, which a container started in the background does not have."`
}

// Run serves until stdin ends, which it does with the run in whatever way, or
// until a signal.
func (c *linkCommand) Run(ctx context.Context, std streams) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("control the edge proxy: %w", err)
	}
	if !c.IgnoreStdin {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	fmt.Fprintln(std.out, l.Addr())
	return link.Serve(ctx, l, link.New(c.Seed), os.Getenv(link.TokenVariable))
}
