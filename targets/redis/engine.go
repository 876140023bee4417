package redis

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// engine is miniredis without its network and its clock. It runs one command at
// a time and tells what each has changed. It is not safe for concurrent use.
type engine struct {
	mini    *miniredis.Miniredis
	srv     *server.Server
	keys    *keyspace
	pubsub  *pubsub
	scripts *scripts
	answers map[string]answer
	self    *server.Peer // for the engine's own commands

	now     time.Time  // what the running command takes for now
	pass    bool       // the next dispatch goes to miniredis as it is
	changed [][]string // what the running command has changed, as commands
}

// answer is a command that the engine answers itself.
type answer func(c *server.Peer, args []string)

// newEngine makes an empty engine. facts are what INFO and CONFIG tell.
func newEngine(f *facts) (*engine, error) {
	e := &engine{mini: miniredis.NewMiniRedis(), keys: newKeyspace(), pubsub: newPubsub()}
	c, err := e.mini.Dial() // starts it without a listener
	if err != nil {
		return nil, fmt.Errorf("start miniredis: %w", err)
	}
	if err := c.Close(); err != nil {
		return nil, fmt.Errorf("start miniredis: %w", err)
	}
	// A clock that stands at 1970 makes a remaining time a point in time.
	e.mini.SetTime(time.Unix(0, 0))
	e.srv = e.mini.Server()
	e.srv.SetPreHook(e.step)
	e.self = server.NewPeer(bufio.NewWriter(io.Discard))
	e.answers = e.own(f)
	if e.scripts, err = newScripts(e.dispatch); err != nil {
		return nil, err
	}
	maps.Copy(e.answers, e.scripts.answers())
	return e, nil
}

func (e *engine) close() {
	e.scripts.lua.Close()
	e.mini.Close()
}

// do runs one command for a client, whose reply goes to c, and returns what it
// changed as commands that can be run again at any time. The result is only
// valid until the next call.
func (e *engine) do(c *server.Peer, now time.Time, args []string) [][]string {
	e.start(now)
	e.dispatch(c, args)
	return e.changed
}

// apply runs again what do returned, at the time at which it ran.
func (e *engine) apply(r record) {
	e.start(time.UnixMicro(r.at))
	for _, args := range r.cmds {
		e.pass = true
		e.dispatch(e.self, args)
		e.follow(e.self, strings.ToUpper(args[0]), args[1:])
	}
}

// start moves time on, and removes the keys whose time has come.
func (e *engine) start(now time.Time) {
	e.now, e.pass, e.changed = now, false, nil
	for key, ok := e.keys.next(e.ms()); ok; key, ok = e.keys.next(e.ms()) {
		e.forward(e.self, "DEL", []string{key})
		e.keys.set(key, missing)
	}
}

// ms is the running command's time in milliseconds since 1970.
func (e *engine) ms() int64 { return e.now.UnixMilli() }

// dispatch runs a command. miniredis panics on some malformed ones and leaves
// its lock taken; nobody else takes it, so it can be freed here.
func (e *engine) dispatch(c *server.Peer, args []string) {
	defer func() {
		if p := recover(); p != nil {
			e.mini.TryLock()
			e.mini.Unlock()
			e.pass = false
			c.WriteError(fmt.Sprintf("ERR the embedded Redis cannot run this '%s'", args[0]))
		}
	}()
	e.srv.Dispatch(c, args)
}

// step sees every command before miniredis does, those that scripts call
// included, and returns true when it is done with. It is miniredis' pre-hook.
func (e *engine) step(c *server.Peer, cmd string, args ...string) bool {
	if e.pass {
		e.pass = false
		return false
	}
	if e.pubsub.confines(c, cmd) {
		onlySubscribed(c, cmd, args)
		return true
	}
	if a := e.answers[cmd]; a != nil {
		a(c, args)
		return true
	}
	if _, ok := writes[cmd]; ok {
		e.write(c, cmd, args)
		return true
	}
	known := e.srv.IsRegisteredCommand(cmd)
	read := e.srv.IsReadOnlyCommand(cmd) && !refusedReads[cmd]
	if read || passed[cmd] || !known {
		return false
	}
	refuse(c, cmd)
	return true
}

// refuse answers what is not supported here, though it is in a real Redis.
func refuse(c *server.Peer, what string) {
	c.WriteError(fmt.Sprintf("ERR %s is not supported by the embedded Redis", what))
}

// write runs a command that changes keys.
func (e *engine) write(c *server.Peer, cmd string, args []string) {
	cmd, args, err := absolute(cmd, args, e.ms())
	if err != nil {
		c.WriteError(err.Error())
		return
	}
	if cmd == "COPY" && len(args) > 2 && !strings.EqualFold(args[2], "REPLACE") {
		refuse(c, "COPY to another database")
		return
	}
	e.forward(c, cmd, args)
	e.changed = append(e.changed, append([]string{cmd}, args...))
	e.follow(c, cmd, args)
}

// follow brings the keyspace up to date after a command that changes keys.
func (e *engine) follow(c *server.Peer, cmd string, args []string) {
	if cmd == "FLUSHALL" || cmd == "FLUSHDB" {
		e.keys = newKeyspace()
		return
	}
	keys, ok := writes[cmd]
	if !ok {
		return
	}
	for _, key := range keys(args) {
		at := e.askInt(c, "PEXPIRETIME", key)
		over := at >= 0 && at <= e.ms() // set to a time that has passed
		if over || (at != missing && mayEmpty[cmd] && e.isEmpty(c, key)) {
			e.ask(c, "DEL", key)
			at = missing
		}
		e.keys.set(key, at)
	}
}

// isEmpty tells whether a list, set, hash or sorted set has nothing in it. A real
// Redis has no such keys; miniredis keeps some.
func (e *engine) isEmpty(c *server.Peer, key string) bool {
	count, ok := map[string]string{"+list": "LLEN", "+set": "SCARD", "+hash": "HLEN", "+zset": "ZCARD"}[string(bytes.TrimSpace(e.ask(c, "TYPE", key)))]
	return ok && e.askInt(c, count, key) == 0
}

// forward lets miniredis run a command.
func (e *engine) forward(c *server.Peer, cmd string, args []string) {
	e.pass = true
	e.srv.Dispatch(c, append([]string{cmd}, args...))
}

// ask runs a command of the engine's own beside the one that c waits for, and
// returns the reply as it came.
func (e *engine) ask(c *server.Peer, cmd string, args ...string) []byte {
	var reply bytes.Buffer
	w := bufio.NewWriterSize(&reply, 64)
	p := server.NewPeer(w)
	e.forward(p, cmd, args)
	p.Flush()
	return reply.Bytes()
}

func (e *engine) askInt(c *server.Peer, cmd string, args ...string) int64 {
	reply := e.ask(c, cmd, args...)
	n, err := strconv.ParseInt(string(bytes.Trim(reply, ":\r\n")), 10, 64)
	if err != nil {
		return missing
	}
	return n
}
