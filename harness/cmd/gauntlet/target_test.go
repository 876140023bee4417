package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// serveTarget is an external system for the tests: it answers every GET at
// once with 200. `target ADDRESSFILE SECONDS` writes its URL to the file and
// ends by itself after so many seconds.
func serveTarget() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: target ADDRESSFILE SECONDS")
		os.Exit(2)
	}
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	url := "http://" + l.Addr().String()
	// Renamed into place, so that whoever waits for the file finds it whole.
	if err := errors.Join(os.WriteFile(os.Args[1]+".new", []byte(url), 0o644), os.Rename(os.Args[1]+".new", os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "here") })}
	time.AfterFunc(time.Duration(seconds)*time.Second, func() { server.Close() })
	server.Serve(l) // returns when it is closed, which is success
}
