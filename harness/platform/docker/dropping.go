package docker

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"gauntlet/harness/chaos/link"
	"gauntlet/harness/platform"
	"gauntlet/harness/platform/netfilter"
)

// dropping is what one Drop asked for.
type dropping struct {
	prefix string // of the names of its rules
	share  float64

	mu      sync.Mutex // held over every change and every look
	streams []*stream
	ends    map[*replica]*end
	broken  error // why it does not go on since a restart
	over    bool
}

// stream is a stream and the rule for it, which stands where packets arrive.
type stream struct {
	platform.Stream
	sender, receiver *replica
	fromPort, toPort int    // of its packets; 0: any
	rule             string // its name
	from             netip.Addr
	sums             netfilter.Count // of the rules that stood before: in an earlier life, for an earlier address
}

// stands tells whether the rule is in force now.
func (t *stream) stands() bool { return t.from.IsValid() }

// begin opens the ends of the streams and puts the rules.
func (s *system) begin(ctx context.Context, d *dropping) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for r := range d.ends {
		now, err := s.endOf(ctx, r)
		if err != nil {
			return err
		}
		d.ends[r] = now
	}
	return d.place(ctx)
}

// stretch is where the packets of a stream are dropped. With a proxy on the
// connection there are two connections in a row, and every replica that
// connects has a port of the proxy's to itself: its packets are known by that,
// whereas those behind it all come from the proxy.
func (s *system) stretch(asked platform.Stream) (*stream, error) {
	source, err := s.named(asked.Source)
	if err != nil {
		return nil, err
	}
	destination, err := s.named(asked.Destination)
	if err != nil {
		return nil, err
	}
	port := asked.Port
	if p, ok := s.links.plan(asked.Pair); ok {
		destination, port = s.links.box, p.port
	}
	if asked.Direction == link.Backward {
		return &stream{Stream: asked, sender: destination, receiver: source, fromPort: port}, nil
	}
	return &stream{Stream: asked, sender: source, receiver: destination, toPort: port}, nil
}

// place puts the rules that do not stand yet, where both ends are there.
func (d *dropping) place(ctx context.Context) error {
	for r, at := range d.ends {
		if !at.there() {
			continue
		}
		var rules []netfilter.Rule
		var placed []*stream
		for _, t := range d.streams {
			if t.receiver != r || t.stands() || !d.ends[t.sender].there() {
				continue
			}
			rules = append(rules, netfilter.Rule{Name: t.rule, From: d.ends[t.sender].address, FromPort: t.fromPort, ToPort: t.toPort, Share: d.share})
			placed = append(placed, t)
		}
		if err := at.space.Add(ctx, rules); err != nil {
			return fmt.Errorf("in the network namespace of %s: %w", r.name, err)
		}
		for _, t := range placed {
			t.from = d.ends[t.sender].address
		}
	}
	return nil
}

// resume goes on with a Drop when a replica that it touches has another life.
func (s *system) resume(ctx context.Context, d *dropping, r *replica) error {
	old := d.ends[r]
	if old == nil || d.over {
		return nil
	}
	now, err := s.endOf(ctx, r)
	if err != nil {
		return err
	}
	if !now.there() || now.life == old.life {
		now.close()
		return nil
	}
	d.ends[r] = now
	defer old.close()
	if now.before, err = old.resent(); err != nil {
		return err
	}
	counts, err := old.counts(ctx)
	if err != nil {
		return err
	}
	for _, t := range d.streams {
		switch {
		case !t.stands():
		case t.receiver == r:
			t.fell(counts)
		case t.sender == r && t.from != now.address:
			at := d.ends[t.receiver]
			counts, err := at.counts(ctx)
			if err == nil {
				err = at.space.Remove(ctx, t.rule+"-")
			}
			if err != nil {
				return err
			}
			t.fell(counts)
		}
	}
	return d.place(ctx)
}

// fell takes down what the rule had counted when it ceased to stand.
func (t *stream) fell(counts map[string]netfilter.Count) {
	c := counts[t.rule]
	t.sums.Met += c.Met
	t.sums.Dropped += c.Dropped
	t.from = netip.Addr{}
}
