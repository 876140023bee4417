package redis

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxExpiry is the last expiry that miniredis can hold, in milliseconds since
// 1970: it counts nanoseconds.
const maxExpiry = math.MaxInt64 / 1_000_000

// absolute rewrites a command so that running it again at any other time does
// the same: relative times become points in time, an automatic ID of a stream
// entry gets its time. now is in milliseconds since 1970. Arguments that make no
// sense are left as they are, for miniredis to refuse.
func absolute(cmd string, args []string, now int64) (string, []string, error) {
	switch cmd {
	case "SET":
		return absoluteOption(cmd, args, 2, now)
	case "GETEX":
		return absoluteOption(cmd, args, 1, now)
	case "SETEX", "PSETEX":
		if len(args) != 3 {
			return cmd, args, nil
		}
		unit := map[string]string{"SETEX": "EX", "PSETEX": "PX"}[cmd]
		if n, err := strconv.ParseInt(args[1], 10, 64); err != nil || n <= 0 {
			return cmd, args, nil
		}
		_, set, err := absoluteOption(strings.ToLower(cmd), []string{args[0], args[2], unit, args[1]}, 2, now)
		return "SET", set, err
	case "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT":
		return absoluteExpire(cmd, args, now)
	case "XADD":
		return cmd, absoluteID(args, now), nil
	}
	return cmd, args, nil
}

// absoluteOption rewrites EX, PX and EXAT among the options from args[from] on.
func absoluteOption(cmd string, args []string, from int, now int64) (string, []string, error) {
	for i := from; i+1 < len(args); i++ {
		unit := strings.ToUpper(args[i])
		if unit != "EX" && unit != "PX" && unit != "EXAT" && unit != "PXAT" {
			continue
		}
		n, err := strconv.ParseInt(args[i+1], 10, 64)
		if err != nil || n <= 0 {
			return cmd, args, nil
		}
		at, err := pointInTime(n, unit == "EX" || unit == "EXAT", strings.HasSuffix(unit, "AT"), now)
		if err != nil {
			return cmd, args, fmt.Errorf("%w in '%s' command", err, strings.ToLower(cmd))
		}
		args = slices.Clone(args)
		args[i], args[i+1] = "PXAT", strconv.FormatInt(at, 10)
		i++
	}
	return cmd, args, nil
}

func absoluteExpire(cmd string, args []string, now int64) (string, []string, error) {
	if len(args) < 2 {
		return cmd, args, nil
	}
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return cmd, args, nil
	}
	at, err := pointInTime(n, cmd == "EXPIRE" || cmd == "EXPIREAT", strings.HasSuffix(cmd, "AT"), now)
	if err != nil {
		return cmd, args, fmt.Errorf("%w in '%s' command", err, strings.ToLower(cmd))
	}
	args = slices.Clone(args)
	args[1] = strconv.FormatInt(at, 10)
	return "PEXPIREAT", args, nil
}

// pointInTime is n seconds or milliseconds, from now or since 1970, as
// milliseconds since 1970.
func pointInTime(n int64, seconds, at bool, now int64) (int64, error) {
	limit := int64(maxExpiry)
	if !at {
		limit -= now
	}
	if seconds {
		limit /= 1000
	}
	if n > limit || n < -limit {
		return 0, fmt.Errorf("ERR invalid expire time")
	}
	if seconds {
		n *= 1000
	}
	if !at {
		n += now
	}
	return n, nil
}

// absoluteID gives the automatic ID of a new stream entry its time. The number
// behind it follows from the stream, and so is the same each time.
func absoluteID(args []string, now int64) []string {
	i := 1
	for i < len(args) {
		switch strings.ToUpper(args[i]) {
		case "NOMKSTREAM":
			i++
		case "MAXLEN", "MINID":
			i++
			if i < len(args) && (args[i] == "~" || args[i] == "=") {
				i++
			}
			i++
		case "*":
			args = slices.Clone(args)
			args[i] = strconv.FormatInt(now, 10) + "-*"
			return args
		default:
			return args
		}
	}
	return args
}
