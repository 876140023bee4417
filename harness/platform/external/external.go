// Package external stands for a system that runs already, somewhere: it is
// neither started nor stopped, and no fault can be done to it.
package external

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"gauntlet/harness/platform"
	"gauntlet/harness/topology"
)

// Name is the name of the one replica, and of its service.
const Name = "external"

// External is the platform. It implements platform.Platform and, as the
// system that it is itself, platform.System.
type External struct {
	address string // host:port
	host    string
	allowed bool
	resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	found   time.Time
}

// ErrHostNotAllowed is returned by Up for a host beyond this machine that
// nobody allowed: load against somebody else's system is an attack.
var ErrHostNotAllowed = errors.New("the host is beyond this machine")

// New reads the address of a system. allowHosts are the hosts beyond this
// machine, by the name or address that the URL uses, that may be loaded.
func New(rawURL string, allowHosts []string) (*External, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) {
			err = detail.Err // without the URL, which may hold a password
		}
		return nil, fmt.Errorf("target.url: %w", err)
	}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("target.url %q: write http://host:port or https://host:port", u.Redacted())
	case u.Hostname() == "":
		return nil, fmt.Errorf("target.url %q has no host", u.Redacted())
	case port == "" && u.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	same := func(allowed string) bool { return hostName(allowed) == hostName(u.Hostname()) }
	return &External{
		address: net.JoinHostPort(u.Hostname(), port), host: u.Hostname(),
		allowed: slices.ContainsFunc(allowHosts, same), resolve: resolve,
	}, nil
}

// hostName is a host in the form in which hosts are compared.
func hostName(host string) string {
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// resolveTimeout bounds the look-up of the host's name.
const resolveTimeout = 10 * time.Second

// Up implements platform.Platform. It asks nothing of the system; it refuses a
// host of which any address is beyond this machine, unless it was allowed.
func (e *External) Up(ctx context.Context, _ topology.Stack) (platform.System, error) {
	if !e.allowed {
		if err := e.checkLocal(ctx); err != nil {
			return nil, err
		}
	}
	up := *e
	up.found = time.Now()
	return &up, nil
}

// checkLocal refuses a host that has an address beyond loopback. A name is not
// believed: "localhost" too is looked up.
func (e *External) checkLocal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addresses, err := e.resolve(ctx, e.host)
	if err != nil {
		return fmt.Errorf("looking up the target's host %s: %w", e.host, err)
	}
	if len(addresses) == 0 {
		return fmt.Errorf("the target's host %s has no address", e.host)
	}
	for _, a := range addresses {
		if !a.Unmap().IsLoopback() {
			return fmt.Errorf("%w: %s is %s; to load it, and only if you may, add --allow-host %s", ErrHostNotAllowed, e.host, a.Unmap(), e.host)
		}
	}
	return nil
}

// Replicas implements platform.System: there is one, and it is taken to run.
func (e *External) Replicas(context.Context) ([]platform.Replica, error) {
	return []platform.Replica{{Name: Name, Service: Name, Address: e.address, State: platform.Running, Started: e.found}}, nil
}

// Down implements platform.System. There is nothing to stop.
func (e *External) Down(context.Context) error { return nil }
