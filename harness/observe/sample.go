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
	Pressure *float64 `json:"pressure,omitempty"` // share of the last 10 s in which something waited for a processor, in [0, 1]; nil: not told
	Gap      string   `json:"gap,omitempty"`      // why nothing is known from here on; the shares are 0
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
	case !in(s.Others) || !in(s.Steal) || s.Pressure != nil && !in(*s.Pressure):
		return s, errors.New("a share outside 0 … 1")
	}
	return s, nil
}
