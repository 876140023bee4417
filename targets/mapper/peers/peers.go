// Package peers fetches another replica's copy over HTTP: for a replica that
// starts while Redis is away.
package peers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"gauntlet/targets/mapper/entry"
)

// Path is where a replica serves its copy. No key looks like it.
const Path = "/-/snapshot"

// NodeHeader names the replica that answers, so that one does not load from
// itself.
const NodeHeader = "X-Mapper-Node"

// end is the first word of the last line; a count follows. Without it the
// snapshot was cut. No key holds a '#'.
const end = "#end"

// ErrNone: no peer has given a whole copy.
var ErrNone = errors.New("no peer has a copy")

// Peers are the other replicas, by host:port; a host may have several addresses.
type Peers struct {
	node   string
	addrs  []string
	client *http.Client
}

const (
	lookupTimeout = 500 * time.Millisecond
	fetchTimeout  = 30 * time.Second
)

// New makes Peers for a node, which is itself skipped.
func New(node string, addrs []string) *Peers {
	return &Peers{node: node, addrs: addrs, client: &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 250 * time.Millisecond}).DialContext,
			ResponseHeaderTimeout: time.Second,
			DisableKeepAlives:     true, // one fetch in a process's life
		},
	}}
}

// Fetch visits every entry of the first peer that has a copy. An error may
// come after some visits; what was visited is true, but not everything.
func (p *Peers) Fetch(ctx context.Context, visit func(*entry.Entry)) error {
	failures := []error{ErrNone}
	for _, addr := range p.resolve(ctx) {
		err := p.fetch(ctx, addr, visit)
		if err == nil {
			return nil
		}
		failures = append(failures, fmt.Errorf("peer %s: %w", addr, err))
	}
	return errors.Join(failures...)
}

// resolve turns names into addresses. A name that does not resolve is kept,
// so that the reason shows when it is dialled.
func (p *Peers) resolve(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var out []string
	for _, addr := range p.addrs {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			out = append(out, addr)
			continue
		}
		ips, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			ips = []string{host}
		}
		for _, ip := range ips {
			out = append(out, net.JoinHostPort(ip, port))
		}
	}
	return out
}

var errSelf = errors.New("is this replica")

func (p *Peers) fetch(ctx context.Context, addr string, visit func(*entry.Entry)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+Path, nil)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.Header.Get(NodeHeader) == p.node {
		return errSelf
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answers %s", resp.Status)
	}
	return Read(resp.Body, visit)
}

// Write writes a snapshot: a line for each entry, and a last one that counts
// them.
func Write(w io.Writer, all func(yield func(*entry.Entry) bool)) error {
	b := bufio.NewWriterSize(w, 64<<10)
	n := 0
	var line []byte
	var err error
	all(func(e *entry.Entry) bool {
		line = append(e.AppendLine(line[:0]), '\n')
		n++
		_, err = b.Write(line)
		return err == nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(b, end, n) // an error stays until Flush
	return b.Flush()
}

// maxLine fits the longest key and URL.
const maxLine = 16 << 10

var errCut = errors.New("snapshot is cut")

// Read visits the entries of a snapshot; a cut one is an error.
func Read(r io.Reader, visit func(*entry.Entry)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		text := lines.Text()
		if len(text) > len(end) && text[:len(end)] == end {
			if text[len(end):] != " "+strconv.Itoa(n) {
				return fmt.Errorf("%w: %d entries, but %q", errCut, n, text)
			}
			return nil
		}
		e, err := entry.ParseLine(text)
		if err != nil {
			return err
		}
		visit(e)
		n++
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w after %d entries", errCut, n)
}
