// Package peers fetches another replica's copy over HTTP: for a replica that
// joins, so that Redis need not be read as a whole under load, or cannot be.
package peers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gauntlet/targets/mapper/entry"
)

// Path is where a replica serves its copy. No key looks like it.
const Path = "/-/snapshot"

// NodeHeader names the replica that answers, so that one does not load from
// itself.
const NodeHeader = "X-Mapper-Node"

// Since is how new a copy must be: with every change of a Redis process up to
// a sequence number. nil takes what there is.
type Since struct {
	Sequence int64
	RunID    string // empty when Redis does not say
}

// Names of Since in the query of a request.
const (
	querySequence = "sequence"
	queryRun      = "run"
)

// query is the path and query that ask for a copy.
func (s *Since) query() string {
	if s == nil {
		return Path
	}
	return Path + "?" + url.Values{querySequence: {strconv.FormatInt(s.Sequence, 10)}, queryRun: {s.RunID}}.Encode()
}

// ParseSince reads a request's query; nil when it asks for nothing.
func ParseSince(q url.Values) (*Since, error) {
	if !q.Has(querySequence) {
		return nil, nil
	}
	n, err := strconv.ParseInt(q.Get(querySequence), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", querySequence, err)
	}
	return &Since{Sequence: n, RunID: q.Get(queryRun)}, nil
}

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
	// rounds of asking: behind one address there may be several replicas, and
	// each connection may reach another, oneself too.
	rounds     = 3
	roundPause = 20 * time.Millisecond
)

// New makes Peers for a node, which is itself skipped.
func New(node string, addrs []string) *Peers {
	return &Peers{node: node, addrs: addrs, client: &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext:           (&net.Dialer{Timeout: 250 * time.Millisecond}).DialContext,
			ResponseHeaderTimeout: 2 * time.Second, // it waits for changes that are on their way
			DisableKeepAlives:     true,            // one fetch in a process's life
		},
	}}
}

// Fetch visits every entry of the first peer that has a copy new enough. An
// error may come after some visits; what was visited is true, but not
// everything.
func (p *Peers) Fetch(ctx context.Context, since *Since, visit func(*entry.Entry)) error {
	addrs := p.resolve(ctx)
	rand.Shuffle(len(addrs), func(i, j int) { addrs[i], addrs[j] = addrs[j], addrs[i] }) // who join together spread
	var failures []error
	for round := range rounds {
		failures = []error{ErrNone}
		var again []string
		for _, addr := range addrs {
			err := p.fetch(ctx, addr, since, visit)
			if err == nil {
				return nil
			}
			failures = append(failures, fmt.Errorf("peer %s: %w", addr, err))
			if errors.Is(err, errOther) {
				again = append(again, addr)
			}
		}
		if addrs = again; len(addrs) == 0 || round == rounds-1 {
			break
		}
		select {
		case <-time.After(roundPause):
		case <-ctx.Done():
			return ctx.Err()
		}
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

// errOther: it answered, and another connection may find another replica.
var errOther = errors.New("has none to give")

func (p *Peers) fetch(ctx context.Context, addr string, since *Since, visit func(*entry.Entry)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+since.query(), nil)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.Header.Get(NodeHeader) == p.node {
		return fmt.Errorf("%w: is this replica", errOther)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: answers %s", errOther, resp.Status)
	}
	return Read(resp.Body, visit)
}
