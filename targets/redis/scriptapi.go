package redis

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// api is the table that scripts know as redis.
func (s *scripts) api() *lua.LTable {
	t := s.lua.SetFuncs(s.lua.NewTable(), map[string]lua.LGFunction{
		"call":  func(l *lua.LState) int { return s.redisCall(l, true) },
		"pcall": func(l *lua.LState) int { return s.redisCall(l, false) },
		"error_reply": func(l *lua.LState) int {
			text := strings.TrimPrefix(l.CheckString(1), "-")
			if !strings.Contains(text, " ") {
				text = "ERR " + text
			}
			return reply(l, "err", text)
		},
		"status_reply": func(l *lua.LState) int { return reply(l, "ok", l.CheckString(1)) },
		"sha1hex": func(l *lua.LState) int {
			sum := sha1.Sum([]byte(l.CheckString(1)))
			l.Push(lua.LString(hex.EncodeToString(sum[:])))
			return 1
		},
		"log":      func(*lua.LState) int { return 0 },
		"set_repl": func(*lua.LState) int { return 0 },
		"replicate_commands": func(l *lua.LState) int {
			l.Push(lua.LTrue)
			return 1
		},
		"setresp": func(l *lua.LState) int {
			if l.CheckInt(1) != 2 {
				l.RaiseError("the embedded Redis speaks RESP2 to scripts")
			}
			return 0
		},
	})
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		t.RawSetString(name, lua.LNumber(i))
	}
	return t
}

func reply(l *lua.LState, kind, text string) int {
	t := l.NewTable()
	t.RawSetString(kind, lua.LString(text))
	l.Push(t)
	return 1
}

// redisCall is redis.call, which raises an error, and redis.pcall, which returns it.
func (s *scripts) redisCall(l *lua.LState, raise bool) int {
	args := make([]string, 0, l.GetTop())
	var err error
	for i := 1; i <= l.GetTop(); i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			args = append(args, string(v))
		case lua.LNumber:
			args = append(args, numberText(v))
		default:
			err = fmt.Errorf("ERR Lua redis lib command arguments must be strings or integers")
		}
	}
	if len(args) == 0 && err == nil {
		err = fmt.Errorf("ERR Please specify at least one argument for this redis.call()")
	}
	var v any
	if err == nil {
		v, err = s.command(args)
	}
	switch {
	case err == nil:
		l.Push(fromReply(l, v))
		return 1
	case raise:
		t := l.NewTable()
		t.RawSetString("err", lua.LString(err.Error()))
		l.Error(t, 1)
		return 0
	default:
		return reply(l, "err", err.Error())
	}
}

// numberText writes a number as a real Redis does when a script passes one.
func numberText(v lua.LNumber) string {
	if v == lua.LNumber(int64(v)) {
		return fmt.Sprintf("%d", int64(v))
	}
	return fmt.Sprintf("%.17g", float64(v))
}

// fromReply turns a reply into a value of Lua. Nothing is false, as in a real Redis.
func fromReply(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case int:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case server.Simple:
		t := l.NewTable()
		t.RawSetString("ok", lua.LString(v))
		return t
	case []any:
		t := l.CreateTable(len(v), 0)
		for i, e := range v {
			t.RawSetInt(i+1, fromReply(l, e))
		}
		return t
	default:
		return lua.LFalse
	}
}
