package load

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"gauntlet/harness/history"
)

// Row is a request as other programs read it, all streams of the run among
// them. Times are ms since the run's origin, with the log's full precision.
type Row struct {
	Stream    string  `json:"stream"` // load, durability, register, final or control
	Seq       uint64  `json:"seq"`    // its place in the stream's schedule
	Operation string  `json:"operation"`
	Class     string  `json:"class"`    // ok, refused, timeout, …
	Effect    string  `json:"effect"`   // none, unknown or acknowledged
	Status    int     `json:"status"`   // 0 without an answer
	Attempts  int     `json:"attempts"` // requests on the wire
	Replica   string  `json:"replica"`  // "" when it reached none
	Shard     *int    `json:"shard"`    // of the answer, or else of its key when it was populated; null when not known
	Key       uint32  `json:"key"`
	Client    int     `json:"client"`
	DueMs     float64 `json:"dueMs"`
	SentMs    float64 `json:"sentMs"`
	DoneMs    float64 `json:"doneMs"`
	BlockedMs float64 `json:"blockedMs"` // of sent − due, while every worker was busy
	Bytes     uint32  `json:"bytes"`     // of the answer's body
}

// columns are Row's, in order, for a table.
var columns = []string{"stream", "seq", "operation", "class", "effect", "status", "attempts", "replica", "shard", "key", "client",
	"dueMs", "sentMs", "doneMs", "blockedMs", "bytes"}

// ExportJSONL writes every request of the log, one JSON object (Row) a line,
// in the order in which their outcomes became known. Of a killed run's log the
// torn end is left out, and history.ErrTorn tells so when the rest is written.
func ExportJSONL(w io.Writer, log *history.Log) error {
	buffered := bufio.NewWriter(w)
	encoder := json.NewEncoder(buffered)
	torn, err := rows(log, func(r Row) error { return encoder.Encode(r) })
	if err != nil {
		return err
	}
	return cmp.Or(buffered.Flush(), torn)
}

// ExportCSV is ExportJSONL as a table with a line of names (RFC 4180).
func ExportCSV(w io.Writer, log *history.Log) error {
	table := csv.NewWriter(w)
	if err := table.Write(columns); err != nil {
		return err
	}
	torn, err := rows(log, func(r Row) error { return table.Write(r.cells()) })
	if err != nil {
		return err
	}
	table.Flush()
	return cmp.Or(table.Error(), torn)
}

func (r Row) cells() []string {
	number := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	shard := ""
	if r.Shard != nil {
		shard = strconv.Itoa(*r.Shard)
	}
	return []string{r.Stream, strconv.FormatUint(r.Seq, 10), r.Operation, r.Class, r.Effect, strconv.Itoa(r.Status), strconv.Itoa(r.Attempts),
		r.Replica, shard, strconv.FormatUint(uint64(r.Key), 10), strconv.Itoa(r.Client),
		number(r.DueMs), number(r.SentMs), number(r.DoneMs), number(r.BlockedMs), strconv.FormatUint(uint64(r.Bytes), 10)}
}

// rows calls do for every request of the log. The torn end of a killed run's
// is left out and told: the rest stands.
func rows(log *history.Log, do func(Row) error) (torn, err error) {
	for op, err := range log.Ops() {
		if errors.Is(err, history.ErrTorn) {
			return err, nil
		}
		if err == nil {
			err = do(rowOf(log, op))
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func rowOf(log *history.Log, op history.Op) Row {
	ms := func(ns int64) float64 { return float64(ns) / 1e6 }
	r := Row{
		Stream: op.Stream.String(), Seq: op.Seq, Operation: strconv.Itoa(int(op.Kind)), Class: op.Class.String(), Effect: op.Effect.String(),
		Status: int(op.Status), Attempts: int(op.Attempts), Key: op.Key, DueMs: ms(op.Due), SentMs: ms(op.Sent), DoneMs: ms(op.Done),
		BlockedMs: ms(op.Blocked), Bytes: op.BytesIn,
	}
	if int(op.Kind) < len(log.Header.Operations) {
		r.Operation = log.Header.Operations[op.Kind]
	}
	if int(op.Replica) < len(log.Replicas) {
		r.Replica = log.Replicas[op.Replica]
	}
	if op.Shard > 0 {
		shard := int(op.Shard) - 1
		r.Shard = &shard
	}
	if log.Header.Clients > 0 {
		r.Client = int(op.Seq % uint64(log.Header.Clients))
	}
	return r
}
