// Command truth is a server that misbehaves by a script and writes down what
// it did to every request, on stdout: see package truth.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"gauntlet/targets/truth"
	"gauntlet/targets/truth/script"
)

// flags are as they were given. Kong shows their help.
type flags struct {
	Listen   string  `default:"127.0.0.1:8080" env:"TRUTH_LISTEN" help:"Address of the service."`
	Script   string  `env:"TRUTH_SCRIPT" help:"The script itself, as YAML." xor:"script"`
	File     string  `help:"The file of the script." type:"existingfile" xor:"script"`
	Seed     *uint64 `env:"TRUTH_SEED" help:"Seed of everything random, instead of the script's."`
	Hostname string  `env:"HOSTNAME" default:"truth" help:"Name of this replica in the log."`
	Check    bool    `help:"Only check the script, and show when it does what."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("truth"), kong.Description("A server that misbehaves by a script, and writes down what it did."))
	if err := f.run(); err != nil {
		fmt.Fprintln(os.Stderr, "truth:", err)
		os.Exit(1)
	}
}

func (f flags) run() error {
	s, err := f.read()
	if err != nil {
		return err
	}
	if f.Check {
		for _, x := range s.Stretches(f.Hostname) {
			fmt.Printf("%8v to %8v  %s\n", x.From.Round(time.Millisecond), x.To.Round(time.Millisecond), x.Do)
		}
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return serve(ctx, f.Listen, truth.New(s, f.Hostname, os.Stdout))
}

func (f flags) read() (*script.Script, error) {
	name, source := "TRUTH_SCRIPT", []byte(f.Script)
	if f.File != "" {
		data, err := os.ReadFile(f.File)
		if err != nil {
			return nil, err
		}
		name, source = f.File, data
	}
	s, err := script.Parse(name, source)
	if err == nil && f.Seed != nil {
		s.Seed = *f.Seed
	}
	return s, err
}

// serve answers until ctx ends. What a script still holds then is let go.
func serve(ctx context.Context, address string, s *truth.Server) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served:
	case <-ctx.Done():
		err = server.Close() // a connection that is cut ends its request's context
		<-served
	}
	return errors.Join(err, s.Close())
}
