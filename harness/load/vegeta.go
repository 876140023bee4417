package load

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"gauntlet/harness/history"
)

// ExportVegeta writes the requests of the load that were sent, in vegeta's
// own encoding (gob), for vegeta report and vegeta plot. The timestamp is the
// due time and the latency the response time, so that vegeta's figures are
// free of coordinated omission; the error is the class. The log knows neither
// method nor URL of a request: they are given as the operation's name and as
// /<operation>/<number of the key>.
//
// vegeta plot stops at the first number that is missing. The numbers are
// therefore counted without the requests that were never sent. A torn end is
// told as ExportJSONL does.
func ExportVegeta(w io.Writer, log *history.Log) error {
	origin, err := time.Parse(time.RFC3339Nano, log.Header.StartedAt)
	if err != nil {
		return fmt.Errorf("start of the run: %w", err)
	}
	unsent, err := unsentLoad(log)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	encode := vegeta.NewEncoder(buffered)
	var torn error
	for op, err := range log.Ops() {
		if errors.Is(err, history.ErrTorn) {
			torn = err
			break
		}
		if err != nil {
			return err
		}
		if op.Stream != history.Load || op.Class == history.Unsent {
			continue
		}
		before, _ := slices.BinarySearch(unsent, op.Seq)
		if err := encode(vegetaResult(log.Header, origin, op, op.Seq-uint64(before))); err != nil {
			return fmt.Errorf("export to vegeta: %w", err)
		}
	}
	return cmp.Or(buffered.Flush(), torn)
}

// unsentLoad lists the requests of the load that were never sent, sorted.
func unsentLoad(log *history.Log) ([]uint64, error) {
	var unsent []uint64
	for op, err := range log.Ops() {
		if err != nil && !errors.Is(err, history.ErrTorn) {
			return nil, err
		}
		if err == nil && op.Stream == history.Load && op.Class == history.Unsent {
			unsent = append(unsent, op.Seq)
		}
	}
	slices.Sort(unsent)
	return unsent, nil
}

func vegetaResult(h history.Header, origin time.Time, op history.Op, seq uint64) *vegeta.Result {
	name := strconv.Itoa(int(op.Kind))
	if int(op.Kind) < len(h.Operations) {
		name = h.Operations[op.Kind]
	}
	r := &vegeta.Result{
		Attack: h.Run, Seq: seq, Code: op.Status, Timestamp: origin.Add(time.Duration(op.Due)),
		Latency: time.Duration(op.Response()), BytesIn: uint64(op.BytesIn),
		Method: name, URL: "/" + name + "/" + strconv.FormatUint(uint64(op.Key), 10),
	}
	if op.Class != history.OK {
		r.Error = op.Class.String()
	}
	return r
}
