package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gauntlet/harness/experiment"
	"gauntlet/harness/history"
	"gauntlet/harness/load"
)

// patience is how long an acknowledged key is looked for at the least. What is
// lost stays lost, and what comes late, on a host that others work on or by the
// target's doing, is no loss: the objective convergence tells of that.
const patience = 10 * time.Second

// lookFor is how long acknowledged keys are looked for, by the time in which the
// data must converge.
func lookFor(convergence time.Duration) time.Duration {
	if convergence == experiment.Unbounded {
		return patience
	}
	return max(convergence, patience)
}

// finalReads asks every replica for every write-once key, past the routing.
// An acknowledged one that is absent is asked for again until the data has surely
// had the time to converge that the target promises; one that was refused is
// asked for once, since it should not be there. All of it is given up at a
// limit that grows with the number of keys.
func (s *session) finalReads(ctx context.Context) error {
	acknowledged, refused, err := s.written()
	if err != nil {
		return err
	}
	through, err := s.present(ctx)
	if err != nil {
		return err
	}
	s.tell.line("reading %d acknowledged write-once keys through %s", len(acknowledged), counted(len(through), "replica"))
	begin := s.clock.Now()
	patience := lookFor(s.exp.Consistency.Promise.Convergence)
	limit := patience + time.Minute + time.Duration(len(acknowledged)+len(refused))*time.Millisecond
	reading, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err = s.readBack(reading, through, acknowledged, begin+int64(patience))
	if err == nil {
		err = s.readBack(reading, through, refused, s.clock.Now())
	}
	detail := ""
	if err != nil && reading.Err() != nil && ctx.Err() == nil { // the limit, and nothing else, ended it
		detail, err = fmt.Sprintf("not every key was read within %s", round(limit)), nil
	}
	if err == nil {
		s.events.record(history.Event{Type: history.EventFinal, At: begin, Until: s.clock.Now(), Detail: detail})
	}
	return err
}

// readBack reads the keys until the instant until. That a replica did not
// answer is in the log, read by read: the checker weighs it.
func (s *session) readBack(ctx context.Context, through []load.Endpoint, keys []uint64, until int64) error {
	read, _ := s.exp.Reader() // the experiment is not valid without one
	_, err := load.FinalReads(ctx, s.clock, load.FinalPlan{
		Run: s.id, Clients: s.exp.Load.Clients, Seqs: slices.Values(keys), Kind: s.kind(read), Read: sent(read),
		Timeout: s.exp.Load.Timeout, Until: until,
	}, through, s.ops)
	return err
}

// written lists the write-once keys whose write was acknowledged, and those
// whose write surely had no effect, from the log.
func (s *session) written() (acknowledged, refused []uint64, err error) {
	if err := s.ops.Flush(); err != nil {
		return nil, nil, err
	}
	log, err := history.Open(s.path(opsFile))
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	for op, err := range log.Ops() {
		if err != nil {
			return nil, nil, err
		}
		switch {
		case op.Stream != history.Durability:
		case op.Effect == history.Acknowledged:
			acknowledged = append(acknowledged, op.Seq)
		case op.Effect == history.NoEffect && op.Class != history.Unsent:
			refused = append(refused, op.Seq)
		}
	}
	return acknowledged, refused, nil
}
