// Command mapper serves URL mappings from memory, with Redis as the truth.
// See targets/mapper/README.md for what it promises.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"gauntlet/targets/mapper/config"
)

func main() {
	c, err := config.Parse(os.Args[1:])
	if err != nil {
		fail(err)
	}
	if c.Probe != "" {
		if err := probe(c.Probe); err != nil {
			fail(err)
		}
		return
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel})).With("node", c.Node)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, c, log); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mapper:", err)
	os.Exit(1)
}

// probe is the health check of a container without a shell.
func probe(url string) error {
	resp, err := (&http.Client{Timeout: 2 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
