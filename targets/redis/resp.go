package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// errProtocol is returned for bytes that are no command.
var errProtocol = errors.New("ERR Protocol error")

// The limits of a command, as a real Redis has them.
const (
	maxArgs = 1 << 20
	maxBulk = 512 << 20
	maxLine = 64 << 10
)

// readCommand reads one command: an array of bulk strings, or a line of words as
// people type it. An empty line is an empty command.
func readCommand(r *bufio.Reader) ([]string, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(line, "*") {
		return strings.Fields(line), nil
	}
	n, err := readCount(line[1:], maxArgs, "multibulk")
	if err != nil {
		return nil, err
	}
	args := make([]string, 0, min(n, 64))
	for range n {
		a, err := readBulk(r)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	return args, nil
}

func readBulk(r *bufio.Reader) (string, error) {
	line, err := readLine(r)
	if err != nil {
		return "", unexpected(err)
	}
	if !strings.HasPrefix(line, "$") {
		return "", fmt.Errorf("%w: expected '$'", errProtocol)
	}
	n, err := readCount(line[1:], maxBulk, "bulk")
	if err != nil {
		return "", err
	}
	// A length is only a promise: memory is taken as the bytes arrive.
	var b strings.Builder
	b.Grow(min(n, 64<<10))
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return "", unexpected(err)
	}
	var end [2]byte
	if _, err := io.ReadFull(r, end[:]); err != nil {
		return "", unexpected(err)
	}
	if end != [2]byte{'\r', '\n'} {
		return "", fmt.Errorf("%w: bulk string without its end", errProtocol)
	}
	return b.String(), nil
}

// readCount reads a length; one below zero counts as none.
func readCount(s string, limit int, what string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%w: invalid %s length", errProtocol, what)
	}
	return max(n, 0), nil
}

func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return "", fmt.Errorf("%w: too big inline request", errProtocol)
		}
		switch {
		case err == nil:
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
		case errors.Is(err, bufio.ErrBufferFull):
		case len(line) > 0:
			return "", unexpected(err)
		default:
			return "", err
		}
	}
}

// unexpected says that the bytes ended within a command.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
