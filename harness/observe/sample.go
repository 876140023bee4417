package observe

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Sample is what the host did in a stretch of time: a line of host.jsonl.
type Sample struct {
	From     int64    `json:"from"`               // ns since the run's origin
	At       int64    `json:"at"`                 // its end
	Others   float64  `json:"others"`             // share of all processors that was not the run's, steal included, in [0, 1]
	Steal    float64  `json:"steal"`              // the part of it that the hypervisor took
	Free     float64  `json:"free"`               // share of all processors that nobody used
	Pressure *float64 `json:"pressure,omitempty"` // share of the last 10 s in which something waited for a processor, in [0, 1]; nil: not told
	// Processors is how many the host has; 0 of a run of before it was written.
	Processors int `json:"processors,omitempty"`
	// Waited is the longest (ns) that one thread of the system waited for a
	// processor, of the waits that ended in this stretch.
	Waited int64 `json:"waited,omitempty"`
	// Ready and Pause are the longest (ns) that the generator's runtime kept a
	// goroutine waiting that could run, and that it stood still for garbage
	// collection.
	Ready int64 `json:"ready,omitempty"`
	Pause int64 `json:"pause,omitempty"`

	Gap string `json:"gap,omitempty"` // why nothing is known from here on; the shares are 0
}

// ReadSamples reads host.jsonl. A last line that is cut off, of a run that was
// killed, is left out.
func ReadSamples(r io.Reader) ([]Sample, error) {
	var all []Sample
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		s, err := parseSample(line)
		if err != nil {
			return all, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, s)
	}
}

func parseSample(line []byte) (s Sample, err error) {
	if err := json.Unmarshal(line, &s); err != nil {
		return s, err
	}
	in := func(share float64) bool { return share >= 0 && share <= 1 }
	switch {
	case s.At < s.From || s.From < -math.MaxInt64/2 || s.At > math.MaxInt64/2:
		return s, fmt.Errorf("a sample from %d to %d", s.From, s.At)
	case s.Waited < 0 || s.Waited > math.MaxInt64/2 || s.Ready < 0 || s.Pause < 0 || s.Processors < 0:
		return s, errors.New("a time or number below nothing")
	case !in(s.Others) || !in(s.Steal) || !in(s.Free) || s.Pressure != nil && !in(*s.Pressure):
		return s, errors.New("a share outside 0 … 1")
	}
	return s, nil
}
