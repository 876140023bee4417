package redis

// writes are the commands that change keys, and which of their arguments name
// the keys that they change. A command that is missing here, and that miniredis
// does not call a read, is refused: nothing may change that the log cannot tell.
var writes = map[string]keysOf{
	"APPEND": first, "DECR": first, "DECRBY": first, "GETDEL": first, "GETEX": first, "GETSET": first,
	"INCR": first, "INCRBY": first, "INCRBYFLOAT": first, "PSETEX": first, "SET": first, "SETBIT": first,
	"SETEX": first, "SETNX": first, "SETRANGE": first, "MSET": everySecond, "MSETNX": everySecond, "BITOP": second,

	"DEL": all, "UNLINK": all, "EXPIRE": first, "EXPIREAT": first, "PEXPIRE": first, "PEXPIREAT": first,
	"PERSIST": first, "RENAME": firstTwo, "RENAMENX": firstTwo, "COPY": firstTwo,

	"HDEL": first, "HINCRBY": first, "HINCRBYFLOAT": first, "HMSET": first, "HSET": first, "HSETNX": first,

	"LINSERT": first, "LMOVE": firstTwo, "LPOP": first, "LPUSH": first, "LPUSHX": first, "LREM": first,
	"LSET": first, "LTRIM": first, "RPOP": first, "RPOPLPUSH": firstTwo, "RPUSH": first, "RPUSHX": first,

	"SADD": first, "SDIFFSTORE": first, "SINTERSTORE": first, "SMOVE": firstTwo, "SREM": first, "SUNIONSTORE": first,

	"ZADD": first, "ZINCRBY": first, "ZINTERSTORE": first, "ZPOPMAX": first, "ZPOPMIN": first, "ZREM": first,
	"ZREMRANGEBYLEX": first, "ZREMRANGEBYRANK": first, "ZREMRANGEBYSCORE": first, "ZUNIONSTORE": first,
	"GEOADD": first,

	"XADD": first, "XDEL": first, "XTRIM": first,
}

// mayEmpty are the writes that can leave a list, set, hash or sorted set with
// nothing in it.
var mayEmpty = map[string]bool{
	"HDEL": true, "LMOVE": true, "LPOP": true, "LREM": true, "LTRIM": true, "RPOP": true, "RPOPLPUSH": true,
	"SDIFFSTORE": true, "SINTERSTORE": true, "SMOVE": true, "SREM": true, "SUNIONSTORE": true,
	"ZINTERSTORE": true, "ZPOPMAX": true, "ZPOPMIN": true, "ZREM": true, "ZREMRANGEBYLEX": true,
	"ZREMRANGEBYRANK": true, "ZREMRANGEBYSCORE": true, "ZUNIONSTORE": true,
}

// passed are commands that change no key, though miniredis does not call them
// reads, and that it answers as it stands.
var passed = map[string]bool{
	"AUTH": true, "COMMAND": true, "ECHO": true, "QUIT": true, "XINFO": true,
}

// refusedReads are reads of what is not kept here.
var refusedReads = map[string]bool{
	"HTTL": true, "HPTTL": true, "PFCOUNT": true, "XPENDING": true, "DUMP": true,
}

// keysOf picks the keys that a command changes from its arguments, which may be
// too few.
type keysOf func(args []string) []string

func first(args []string) []string    { return args[:min(1, len(args))] }
func firstTwo(args []string) []string { return args[:min(2, len(args))] }
func second(args []string) []string   { return args[min(1, len(args)):min(2, len(args))] }
func all(args []string) []string      { return args }

func everySecond(args []string) []string {
	var keys []string
	for i := 0; i < len(args); i += 2 {
		keys = append(keys, args[i])
	}
	return keys
}
