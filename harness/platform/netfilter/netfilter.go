// Package netfilter has the kernel drop packets in a network namespace, that
// of a container, by iptables.
//
// Packets are dropped where they arrive and never where they leave. A drop on
// the way out is reported to the sender's TCP, which then holds the packet back
// and sends nothing again; a drop on arrival it can notice only as on a network,
// by the acknowledgement that stays away.
package netfilter

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// Add puts the rules before all others, together or not at all.
func (n *Namespace) Add(ctx context.Context, rules []Rule) error {
	if len(rules) == 0 {
		return nil
	}
	_, err := n.run(ctx, insertion(rules), restore...)
	return err
}

// Remove takes away every rule whose name begins with prefix, and looks
// whether they are gone. Where there is none it does nothing.
func (n *Namespace) Remove(ctx context.Context, prefix string) error {
	for range 2 {
		saved, err := n.run(ctx, "", save...)
		if err != nil {
			return err
		}
		text := deletion(saved, prefix)
		if text == "" {
			return nil
		}
		if _, err := n.run(ctx, text, restore...); err != nil {
			return err
		}
	}
	saved, err := n.run(ctx, "", save...)
	if err == nil && deletion(saved, prefix) != "" {
		err = fmt.Errorf("rules of %s are there again after they were removed", prefix)
	}
	return err
}

// Counts is what the rules have counted, by name. It is exact.
func (n *Namespace) Counts(ctx context.Context) (map[string]Count, error) {
	saved, err := n.run(ctx, "", save...)
	if err != nil {
		return nil, err
	}
	return counts(saved), nil
}

// Probe says why rules cannot be had on this machine; nil when they can. It
// tries them in a namespace that nothing else is in, and which goes with it.
func Probe(ctx context.Context) error {
	n, err := fresh()
	if err != nil {
		return err
	}
	defer n.Close()
	const name = "gauntlet-probe"
	rule := Rule{Name: name, From: netip.AddrFrom4([4]byte{127, 0, 0, 1}), ToPort: 9, Share: 0.5}
	if err := n.Add(ctx, []Rule{rule}); err != nil {
		return err
	}
	there, err := n.Counts(ctx)
	if err != nil {
		return err
	}
	if _, ok := there[name]; !ok {
		return errors.New("iptables took a rule and does not list it")
	}
	return n.Remove(ctx, name)
}
