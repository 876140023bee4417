package load

import (
	"fmt"
	"strconv"
	"strings"
)

// Written names a write: the value it wrote carries all of it, so that any
// later read shows whose value it is without a look-up.
type Written struct {
	Run    string // the run's id
	Key    string // the name of the key
	Client string // the virtual client's number, or Populator
	Seq    uint64 // the request's number in its stream; of populated keys their rank
}

// Populator is Written.Client of what was written before the warm-up.
const Populator = "p"

const valuePrefix = "https://t.invalid/"

// String is the value that the write writes:
// https://t.invalid/<run>/<key>/<client>/<seq>.
func (w Written) String() string {
	b := make([]byte, 0, len(valuePrefix)+len(w.Run)+len(w.Key)+len(w.Client)+23)
	b = append(b, valuePrefix...)
	b = append(append(b, w.Run...), '/')
	b = append(append(b, w.Key...), '/')
	b = append(append(b, w.Client...), '/')
	return string(strconv.AppendUint(b, w.Seq, 10))
}

// ParseValue reads a value back. Only what String writes is accepted, so that
// a value which was mangled on its way is an error and not another write.
func ParseValue(s string) (Written, error) {
	rest, ok := strings.CutPrefix(s, valuePrefix)
	part := strings.Split(rest, "/")
	if !ok || len(part) != 4 || part[0] == "" || part[1] == "" || part[2] == "" {
		return Written{}, fmt.Errorf("%.200q is not a value of gauntlet's (%s<run>/<key>/<client>/<seq>)", s, valuePrefix)
	}
	seq, err := strconv.ParseUint(part[3], 10, 64)
	if err != nil || strconv.FormatUint(seq, 10) != part[3] {
		return Written{}, fmt.Errorf("%.200q: %q is not the number of a request", s, part[3])
	}
	return Written{Run: part[0], Key: part[1], Client: part[2], Seq: seq}, nil
}
