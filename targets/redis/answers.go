package redis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// version is that of the Redis whose commands miniredis follows closest among
// those that are supported here.
const version = "7.2.0"

// facts are what INFO and CONFIG tell of the server.
type facts struct {
	runID   string // 40 hexadecimal digits, another one at each start
	port    int
	dir     string
	pid     int
	started time.Time
	clients func() int
}

// own lists the commands that the engine answers itself: those that miniredis
// lacks, and those for which it needs its own clock, network or sorted keys.
func (e *engine) own(f *facts) map[string]answer {
	return map[string]answer{
		"PING": ping, "TIME": e.time, "HELLO": hello, "SELECT": selectDB, "CLIENT": e.client,
		"INFO":   func(c *server.Peer, args []string) { c.WriteBulk(e.info(f, args)) },
		"CONFIG": func(c *server.Peer, args []string) { config(c, f, args) },
		"TTL":    e.remaining(1000), "PTTL": e.remaining(1),
		"EXPIRETIME": e.expiry(1000), "PEXPIRETIME": e.expiry(1),
		"SCAN": e.scan, "XREAD": e.xread, "FLUSHALL": e.flush("FLUSHALL"), "FLUSHDB": e.flush("FLUSHDB"),
		"PUBLISH": e.publish, "PUBSUB": e.pubsubInfo,
		"SUBSCRIBE": e.subscribe(channels), "UNSUBSCRIBE": e.unsubscribe(channels),
		"PSUBSCRIBE": e.subscribe(patterns), "PUNSUBSCRIBE": e.unsubscribe(patterns),
	}
}

func wrongNumber(c *server.Peer, cmd string) {
	c.WriteError(fmt.Sprintf("ERR wrong number of arguments for '%s' command", cmd))
}

func ping(c *server.Peer, args []string) {
	switch len(args) {
	case 0:
		c.WriteInline("PONG")
	case 1:
		c.WriteBulk(args[0])
	default:
		wrongNumber(c, "ping")
	}
}

// time is the wall clock, as it was when the command began.
func (e *engine) time(c *server.Peer, _ []string) {
	us := e.now.UnixMicro()
	c.WriteStrings([]string{strconv.FormatInt(us/1_000_000, 10), strconv.FormatInt(us%1_000_000, 10)})
}

func selectDB(c *server.Peer, args []string) {
	switch {
	case len(args) != 1:
		wrongNumber(c, "select")
	case args[0] != "0":
		c.WriteError("ERR DB index is out of range")
	default:
		c.WriteOK()
	}
}

// hello switches between the two versions of the protocol.
func hello(c *server.Peer, args []string) {
	proto := map[bool]string{false: "2", true: "3"}[c.Resp3]
	if len(args) > 0 {
		proto, args = args[0], args[1:]
	}
	if proto != "2" && proto != "3" {
		c.WriteError("NOPROTO unsupported protocol version")
		return
	}
	name := c.ClientName
	for len(args) > 0 {
		switch {
		case strings.EqualFold(args[0], "SETNAME") && len(args) > 1:
			name, args = args[1], args[2:]
		case strings.EqualFold(args[0], "AUTH") && len(args) > 2 && args[1] == "default":
			args = args[3:] // there is no password, and then any is right
		case strings.EqualFold(args[0], "AUTH") && len(args) > 2:
			c.WriteError("WRONGPASS invalid username-password pair or user is disabled.")
			return
		default:
			c.WriteError(fmt.Sprintf("ERR Syntax error in HELLO option '%s'", args[0]))
			return
		}
	}
	c.ClientName, c.Resp3 = name, proto == "3"
	c.WriteMapLen(6)
	for _, kv := range [][2]string{{"server", "redis"}, {"version", version}, {"mode", "standalone"}, {"role", "master"}} {
		c.WriteBulk(kv[0])
		c.WriteBulk(kv[1])
	}
	c.WriteBulk("proto")
	c.WriteInt(int(proto[0] - '0'))
	c.WriteBulk("modules")
	c.WriteLen(0)
}

func (e *engine) client(c *server.Peer, args []string) {
	if len(args) == 0 {
		wrongNumber(c, "client")
		return
	}
	switch sub := strings.ToUpper(args[0]); sub {
	case "SETNAME", "GETNAME":
		e.forward(c, "CLIENT", args)
	case "SETINFO", "NO-EVICT", "NO-TOUCH":
		c.WriteOK() // nothing here depends on them
	case "ID":
		c.WriteInt(e.pubsub.id(c))
	default:
		refuse(c, "CLIENT "+sub)
	}
}

// remaining answers TTL and PTTL, in units of so many milliseconds.
func (e *engine) remaining(unit int64) answer {
	return e.withExpiry(func(at int64) int64 { return (max(at-e.ms(), 0) + unit/2) / unit })
}

// expiry answers EXPIRETIME and PEXPIRETIME.
func (e *engine) expiry(unit int64) answer {
	return e.withExpiry(func(at int64) int64 { return at / unit })
}

func (e *engine) withExpiry(show func(at int64) int64) answer {
	return func(c *server.Peer, args []string) {
		if len(args) != 1 {
			c.WriteError("ERR wrong number of arguments")
			return
		}
		at := e.keys.expires(args[0])
		if at >= 0 {
			at = show(at)
		}
		c.WriteInt(int(at))
	}
}

// flush removes all keys; it is an effect like any other.
func (e *engine) flush(cmd string) answer {
	return func(c *server.Peer, args []string) {
		if len(args) > 1 || (len(args) == 1 && !slices.Contains([]string{"ASYNC", "SYNC"}, strings.ToUpper(args[0]))) {
			c.WriteError("ERR syntax error")
			return
		}
		e.forward(c, cmd, nil)
		e.changed = append(e.changed, []string{cmd})
		e.follow(c, cmd, nil)
	}
}

func (e *engine) xread(c *server.Peer, args []string) {
	for _, a := range args {
		if strings.EqualFold(a, "STREAMS") {
			break
		}
		if strings.EqualFold(a, "BLOCK") {
			refuse(c, "XREAD BLOCK")
			return
		}
	}
	e.forward(c, "XREAD", args)
}

// scan answers SCAN cursor [MATCH pattern] [COUNT n] [TYPE t].
func (e *engine) scan(c *server.Peer, args []string) {
	if len(args) == 0 {
		wrongNumber(c, "scan")
		return
	}
	cursor, err := strconv.Atoi(args[0])
	if err != nil || cursor < 0 {
		c.WriteError("ERR invalid cursor")
		return
	}
	count, pattern, kind := 10, "", ""
	for args = args[1:]; len(args) > 0; args = args[2:] {
		if len(args) < 2 {
			c.WriteError("ERR syntax error")
			return
		}
		switch strings.ToUpper(args[0]) {
		case "MATCH":
			pattern = args[1]
		case "TYPE":
			kind = strings.ToLower(args[1])
		case "COUNT":
			if count, err = strconv.Atoi(args[1]); err != nil {
				c.WriteError("ERR value is not an integer or out of range")
				return
			}
		default:
			count = 0
		}
		if count < 1 {
			c.WriteError("ERR syntax error")
			return
		}
	}
	keys, next := e.keys.scan(cursor, count)
	keys = slices.DeleteFunc(keys, func(k string) bool {
		return pattern != "" && !matchGlob(pattern, k) ||
			kind != "" && string(e.ask(c, "TYPE", k)) != "+"+kind+"\r\n"
	})
	c.WriteLen(2)
	c.WriteBulk(strconv.Itoa(next))
	c.WriteStrings(keys)
}
