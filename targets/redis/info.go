package redis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// info is the text of INFO, whole or the sections asked for.
func (e *engine) info(f *facts, sections []string) string {
	up := int(e.now.Sub(f.started).Seconds())
	expires := len(e.keys.due)
	text := []struct{ name, body string }{
		{"Server", fmt.Sprintf("redis_version:%s\r\nredis_mode:standalone\r\nembedded:miniredis\r\nprocess_id:%d\r\nrun_id:%s\r\ntcp_port:%d\r\nuptime_in_seconds:%d\r\n",
			version, f.pid, f.runID, f.port, up)},
		{"Clients", fmt.Sprintf("connected_clients:%d\r\n", f.clients())},
		{"Persistence", "loading:0\r\naof_enabled:1\r\n"},
		{"Stats", fmt.Sprintf("total_commands_processed:%d\r\n", e.srv.TotalCommands())},
		{"Replication", "role:master\r\nconnected_slaves:0\r\n"},
		{"Keyspace", ""},
	}
	if n := len(e.keys.index); n > 0 {
		text[len(text)-1].body = fmt.Sprintf("db0:keys=%d,expires=%d,avg_ttl=0\r\n", n, expires)
	}
	var b strings.Builder
	for _, t := range text {
		wanted := len(sections) == 0 || slices.ContainsFunc(sections, func(s string) bool {
			s = strings.ToLower(s)
			return s == strings.ToLower(t.name) || s == "all" || s == "everything" || s == "default"
		})
		if !wanted {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString("# " + t.name + "\r\n" + t.body)
	}
	return b.String()
}

// config answers CONFIG GET with what is true here: a log is kept, and it is not
// synced to the disk.
func config(c *server.Peer, f *facts, args []string) {
	if len(args) < 2 || !strings.EqualFold(args[0], "GET") {
		refuse(c, "this CONFIG")
		return
	}
	var found []string
	for _, kv := range [][2]string{
		{"appendfsync", "no"}, {"appendonly", "yes"}, {"databases", "1"}, {"dir", f.dir}, {"maxmemory", "0"},
		{"maxmemory-policy", "noeviction"}, {"no-appendfsync-on-rewrite", "no"}, {"port", strconv.Itoa(f.port)}, {"save", ""},
	} {
		if slices.ContainsFunc(args[1:], func(p string) bool { return matchGlob(strings.ToLower(p), kv[0]) }) {
			found = append(found, kv[0], kv[1])
		}
	}
	c.WriteMapLen(len(found) / 2)
	for _, s := range found {
		c.WriteBulk(s)
	}
}
