package main

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
)

// outlet is a stream whose reader may go (… | head): he has seen what he wanted.
// That is no mistake to be told of, and changes nothing about what a command
// does, a verdict and its exit code least of all.
type outlet struct{ to io.Writer }

func (o outlet) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		return len(p), nil
	}
	return n, err
}

// onTerminal says whether a person reads w on a terminal.
func onTerminal(w io.Writer) bool {
	if o, ok := w.(outlet); ok {
		w = o.to
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colored says whether w is a terminal whose user has not asked for plain
// text (https://no-color.org).
func colored(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && onTerminal(w)
}
