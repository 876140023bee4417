package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// serveTarget is an external system for the tests: it answers every GET at
// once with 200. `target ADDRESSFILE SECONDS` writes its URL to the file and
// ends by itself after so many seconds; with --stall-at-request N every
// request from the Nth on waits until two seconds after that one.
func serveTarget() {
	if err := runTarget(); err != nil {
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
}

func runTarget() error {
	if len(os.Args) < 3 {
		return errors.New("usage: target ADDRESSFILE SECONDS [--stall-at-request N]")
	}
	lives, err := time.ParseDuration(os.Args[2] + "s")
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("target", flag.ContinueOnError)
	stallAt := flags.Int64("stall-at-request", 0, "")
	if err := flags.Parse(os.Args[3:]); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	// Renamed into place, so that whoever waits for the file finds it whole.
	url := "http://" + l.Addr().String()
	if err := errors.Join(os.WriteFile(os.Args[1]+".new", []byte(url), 0o644), os.Rename(os.Args[1]+".new", os.Args[1])); err != nil {
		return err
	}
	server := &http.Server{Handler: stalling(*stallAt)}
	time.AfterFunc(lives, func() { server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func stalling(at int64) http.Handler {
	const stall = 2 * time.Second
	var requests, until atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == at {
			until.Store(time.Now().Add(stall).UnixNano())
		}
		if wait := time.Until(time.Unix(0, until.Load())); wait > 0 && until.Load() != 0 {
			time.Sleep(wait) // this is the stall
		}
		fmt.Fprintln(w, "here")
	})
}
