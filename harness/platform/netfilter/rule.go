package netfilter

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Rule drops TCP packets on their arrival.
type Rule struct {
	// Name is carried as a comment, by which the rule is found again: letters,
	// digits, dots, dashes and underscores, at most 200.
	Name string
	From netip.Addr
	// FromPort and ToPort are those of the packet; 0: any.
	FromPort, ToPort int
	// Share is how many are dropped, more than 0 and at most 1, each packet by a
	// draw of its own. The kernel knows it to 2⁻³¹. What it hands over as one
	// packet, segments that it has not cut up yet, is one draw, as with netem.
	Share float64
}

// Count is what a rule has counted.
type Count struct {
	Met     int64 // packets that it is for
	Dropped int64 // of them
}

// Each Rule is two of the kernel's: one that counts what it is for, and one
// that drops a share of that. Their comments end so.
const (
	counting = "-met"
	dropping = "-dropped"
)

// The programs: they take several rules at once, and print their counters.
var (
	restore = []string{"iptables-restore", "--wait", "5", "--noflush"}
	save    = []string{"iptables-save", "--counters", "--table", "filter"}
)

// insertion is what iptables-restore reads to put rules before all others.
func insertion(rules []Rule) string {
	var b strings.Builder
	b.WriteString("*filter\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "-I INPUT 1 %s -m comment --comment %s\n", r.match(), r.Name+counting)
		fmt.Fprintf(&b, "-I INPUT 2 %s -m statistic --mode random --probability %s -m comment --comment %s -j DROP\n",
			r.match(), strconv.FormatFloat(r.Share, 'f', -1, 64), r.Name+dropping)
	}
	b.WriteString("COMMIT\n")
	return b.String()
}

// match is which packets the rule is for.
func (r Rule) match() string {
	text := "-p tcp -s " + r.From.String()
	if r.FromPort != 0 {
		text += fmt.Sprintf(" --sport %d", r.FromPort)
	}
	if r.ToPort != 0 {
		text += fmt.Sprintf(" --dport %d", r.ToPort)
	}
	return text
}

// deletion is what iptables-restore reads to take away what iptables-save
// printed of the rules whose name begins with prefix; "" when there is none.
func deletion(saved, prefix string) string {
	var b strings.Builder
	for line := range strings.Lines(saved) {
		l, ok := parseLine(line)
		if ok && strings.HasPrefix(l.comment, prefix) {
			b.WriteString("-D " + l.rule + "\n")
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "*filter\n" + b.String() + "COMMIT\n"
}

// counts reads what iptables-save printed. Rules without a comment of ours are
// somebody else's.
func counts(saved string) map[string]Count {
	all := map[string]Count{}
	for line := range strings.Lines(saved) {
		l, ok := parseLine(line)
		if !ok {
			continue
		}
		if name, ok := strings.CutSuffix(l.comment, counting); ok {
			c := all[name]
			c.Met = l.packets
			all[name] = c
		} else if name, ok := strings.CutSuffix(l.comment, dropping); ok {
			c := all[name]
			c.Dropped = l.packets
			all[name] = c
		}
	}
	return all
}

// savedLine is a rule as iptables-save prints it.
type savedLine struct {
	packets int64
	rule    string // "INPUT -s …", what follows -A
	comment string
}

// parseLine reads `[12:3400] -A INPUT -s … -m comment --comment "name" -j DROP`.
func parseLine(line string) (l savedLine, ok bool) {
	counters, rule, ok := strings.Cut(strings.TrimSpace(line), " -A ")
	if !ok || !strings.HasPrefix(counters, "[") {
		return l, false
	}
	packets, _, ok := strings.Cut(counters[1:], ":")
	if !ok {
		return l, false
	}
	n, err := strconv.ParseInt(packets, 10, 64)
	if err != nil {
		return l, false
	}
	_, comment, ok := strings.Cut(rule, " --comment ")
	if !ok {
		return l, false
	}
	comment, _, _ = strings.Cut(comment, " ")
	return savedLine{packets: n, rule: rule, comment: strings.Trim(comment, `"`)}, true
}
