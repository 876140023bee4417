package redis

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	luajson "github.com/alicebob/miniredis/v2/gopher-json"
	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// scripts runs Lua scripts. miniredis makes a new Lua world for each call, which
// costs 170 µs; here one world serves all, and its globals are closed after it
// is made, so that no script can leave anything to the next.
type scripts struct {
	run    func(c *server.Peer, args []string) // runs a command of a script
	lua    *lua.LState
	source map[string]*lua.FunctionProto // by SHA-1; lost at a restart, as in a real Redis

	peer     *server.Peer // of redis.call
	reply    bytes.Buffer // of redis.call
	reader   *bufio.Reader
	readOnly bool // the running script may not write
}

// notInScripts are commands that a script may not call.
var notInScripts = []string{
	"AUTH", "CLIENT", "CONFIG", "EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "HELLO", "PSUBSCRIBE",
	"PUNSUBSCRIBE", "QUIT", "SCRIPT", "SELECT", "SUBSCRIBE", "UNSUBSCRIBE",
}

func newScripts(run func(*server.Peer, []string)) (*scripts, error) {
	s := &scripts{run: run, source: map[string]*lua.FunctionProto{}, lua: lua.NewState(lua.Options{SkipOpenLibs: true})}
	s.peer, s.reader = server.NewPeer(bufio.NewWriter(&s.reply)), bufio.NewReader(&s.reply)
	for _, open := range []lua.LGFunction{
		lua.OpenPackage, lua.OpenBase, lua.OpenCoroutine, lua.OpenTable, lua.OpenString, lua.OpenMath,
	} {
		s.lua.Push(s.lua.NewFunction(open))
		s.lua.Call(0, 0)
	}
	luajson.Preload(s.lua)
	api := s.api()
	for _, name := range []string{"redis", "server"} {
		s.lua.SetGlobal(name, api)
	}
	if err := s.lua.DoString(closeWorld); err != nil {
		return nil, fmt.Errorf("prepare Lua: %w", err)
	}
	s.lua.SetTop(0)
	return s, nil
}

// closeWorld takes away what reaches out of a script, and lets no script make a
// global or read one that is not there.
const closeWorld = `
cjson = require('json')
for _, name in ipairs{'dofile', 'loadfile', 'module', 'newproxy', 'package', 'print', 'require'} do _G[name] = nil end
local fail = error
setmetatable(_G, {
  __newindex = function(_, name) fail('Script attempted to create global variable \'' .. tostring(name) .. '\'', 2) end,
  __index = function(_, name) fail('Script attempted to access nonexistent global variable \'' .. tostring(name) .. '\'', 2) end,
  __metatable = false,
})`

// answers are the commands for scripts.
func (s *scripts) answers() map[string]answer {
	eval := func(readOnly bool) answer {
		return func(c *server.Peer, args []string) {
			if len(args) < 2 {
				wrongNumber(c, "eval")
				return
			}
			if sha, err := s.load(args[0]); err != nil {
				c.WriteError(err.Error())
			} else {
				s.eval(c, sha, args[1:], readOnly)
			}
		}
	}
	evalSHA := func(readOnly bool) answer {
		return func(c *server.Peer, args []string) {
			if len(args) < 2 {
				wrongNumber(c, "evalsha")
				return
			}
			s.eval(c, strings.ToLower(args[0]), args[1:], readOnly)
		}
	}
	return map[string]answer{
		"EVAL": eval(false), "EVAL_RO": eval(true), "EVALSHA": evalSHA(false), "EVALSHA_RO": evalSHA(true), "SCRIPT": s.script,
	}
}

// load compiles a script, once, and returns its name.
func (s *scripts) load(source string) (string, error) {
	sum := sha1.Sum([]byte(source))
	sha := hex.EncodeToString(sum[:])
	if s.source[sha] != nil {
		return sha, nil
	}
	f, err := s.lua.Load(strings.NewReader(source), "user_script")
	if err != nil {
		return "", fmt.Errorf("ERR Error compiling script (new function): %w", err)
	}
	s.source[sha] = f.Proto
	return sha, nil
}

func (s *scripts) script(c *server.Peer, args []string) {
	sub := ""
	if len(args) > 0 {
		sub = strings.ToUpper(args[0])
	}
	switch {
	case sub == "LOAD" && len(args) == 2:
		if sha, err := s.load(args[1]); err != nil {
			c.WriteError(err.Error())
		} else {
			c.WriteBulk(sha)
		}
	case sub == "EXISTS" && len(args) > 1:
		c.WriteLen(len(args) - 1)
		for _, sha := range args[1:] {
			n := 0
			if s.source[strings.ToLower(sha)] != nil {
				n = 1
			}
			c.WriteInt(n)
		}
	case sub == "FLUSH":
		clear(s.source)
		c.WriteOK()
	default:
		c.WriteError(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%s'. Try SCRIPT HELP.", sub))
	}
}

// eval runs a loaded script; args are the number of keys, the keys, and the rest.
func (s *scripts) eval(c *server.Peer, sha string, args []string, readOnly bool) {
	n, err := strconv.Atoi(args[0])
	switch proto := s.source[sha]; {
	case err != nil:
		c.WriteError("ERR value is not an integer or out of range")
	case n < 0:
		c.WriteError("ERR Number of keys can't be negative")
	case n > len(args)-1:
		c.WriteError("ERR Number of keys can't be greater than number of args")
	case proto == nil:
		c.WriteError("NOSCRIPT No matching script. Please use EVAL.")
	default:
		s.readOnly = readOnly
		s.call(c, proto, args[1:1+n], args[1+n:])
	}
}

func (s *scripts) call(c *server.Peer, proto *lua.FunctionProto, keys, args []string) {
	defer s.lua.SetTop(0)
	s.lua.G.Global.RawSetString("KEYS", s.list(keys))
	s.lua.G.Global.RawSetString("ARGV", s.list(args))
	s.lua.Push(s.lua.NewFunctionFromProto(proto))
	if err := s.lua.PCall(0, 1, nil); err != nil {
		c.WriteError(scriptError(err))
		return
	}
	s.answer(c, s.lua.Get(-1), 0)
}

func (s *scripts) list(values []string) *lua.LTable {
	t := s.lua.CreateTable(len(values), 0)
	for i, v := range values {
		t.RawSetInt(i+1, lua.LString(v))
	}
	return t
}

// scriptError is the reply for a script that failed: the error of a command as
// it came, or what Lua says.
func scriptError(err error) string {
	var e *lua.ApiError
	if !errors.As(err, &e) {
		return "ERR " + err.Error()
	}
	if t, ok := e.Object.(*lua.LTable); ok {
		return lua.LVAsString(t.RawGetString("err"))
	}
	if e.Object == nil || e.Object == lua.LNil {
		return "ERR " + e.Error()
	}
	return "ERR " + e.Object.String()
}

// maxDepth bounds how deep the tables of a reply may be nested; one may hold itself.
const maxDepth = 100

// answer writes a value of Lua as a reply.
func (s *scripts) answer(c *server.Peer, v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LBool:
		if v {
			c.WriteInt(1)
		} else {
			c.WriteNull()
		}
	case lua.LNumber:
		c.WriteInt(int(v))
	case lua.LString:
		c.WriteBulk(string(v))
	case *lua.LTable:
		if e := v.RawGetString("err"); e.Type() == lua.LTString {
			c.WriteError(e.String())
		} else if ok := v.RawGetString("ok"); ok.Type() == lua.LTString {
			c.WriteInline(ok.String())
		} else if depth == maxDepth {
			c.WriteError("ERR reached lua stack limit")
		} else {
			s.answerList(c, v, depth)
		}
	default:
		c.WriteNull()
	}
}

// answerList writes a table up to its first nil.
func (s *scripts) answerList(c *server.Peer, t *lua.LTable, depth int) {
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	c.WriteLen(n)
	for i := range n {
		s.answer(c, t.RawGetInt(i+1), depth+1)
	}
}

// command runs a command of a script and returns the reply, or why it failed.
func (s *scripts) command(args []string) (any, error) {
	cmd := strings.ToUpper(args[0])
	if slices.Contains(notInScripts, cmd) {
		return nil, errors.New("ERR This Redis command is not allowed from script")
	}
	if _, ok := writes[cmd]; s.readOnly && (ok || strings.HasPrefix(cmd, "FLUSH")) {
		return nil, errors.New("ERR Write commands are not allowed from read-only scripts")
	}
	s.reply.Reset()
	s.run(s.peer, args)
	s.peer.Flush()
	s.reader.Reset(&s.reply)
	return server.ParseReply(s.reader)
}
