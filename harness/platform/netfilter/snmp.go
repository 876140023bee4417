package netfilter

import (
	"errors"
	"strconv"
	"strings"
)

// retransmitted reads RetransSegs from /proc/net/snmp, where a line of names
// stands before a line of values.
func retransmitted(snmp string) (int64, error) {
	var names []string
	for line := range strings.Lines(snmp) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Tcp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == "RetransSegs" && i < len(fields) {
				n, err := strconv.ParseUint(fields[i], 10, 63)
				return int64(n), err
			}
		}
	}
	return 0, errors.New("/proc/net/snmp does not tell RetransSegs")
}
