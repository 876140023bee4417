package redis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// pubsub knows who listens to what. miniredis has one of its own, but there a
// subscriber that stops reading stops the server, and a connection that has
// subscribed runs no other command, which rueidis needs.
type pubsub struct {
	clients map[*server.Peer]*listener
	topics  [2]map[string]map[*listener]bool // by kind: topic → who listens
	lastID  int
}

// kind is one of the two kinds of subscriptions.
type kind int

const (
	channels kind = iota
	patterns
)

var verbs = [2]struct{ sub, unsub string }{{"subscribe", "unsubscribe"}, {"psubscribe", "punsubscribe"}}

// listener is a connection as pubsub sees it. push must not block.
type listener struct {
	id   int
	peer *server.Peer
	push func([]byte)
	on   [2][]string // topics in the order of subscription, by kind
}

func newPubsub() *pubsub {
	return &pubsub{
		clients: map[*server.Peer]*listener{},
		topics:  [2]map[string]map[*listener]bool{{}, {}},
	}
}

// join makes a connection known.
func (p *pubsub) join(c *server.Peer, push func([]byte)) {
	p.lastID++
	p.clients[c] = &listener{id: p.lastID, peer: c, push: push}
}

// leave ends a connection's subscriptions.
func (p *pubsub) leave(c *server.Peer) {
	l := p.clients[c]
	if l == nil {
		return
	}
	for k := range l.on {
		for _, topic := range slices.Clone(l.on[k]) {
			p.drop(l, kind(k), topic)
		}
	}
	delete(p.clients, c)
}

// id is the number of a connection, 0 for a script.
func (p *pubsub) id(c *server.Peer) int {
	if l := p.clients[c]; l != nil {
		return l.id
	}
	return 0
}

// confines tells whether a connection may not send cmd, or gets another answer to
// it, because it is subscribed and speaks the old protocol.
func (p *pubsub) confines(c *server.Peer, cmd string) bool {
	l := p.clients[c]
	if l == nil || c.Resp3 || l.count() == 0 {
		return false
	}
	return !slices.Contains([]string{"SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "QUIT"}, cmd)
}

func onlySubscribed(c *server.Peer, cmd string, args []string) {
	if cmd == "PING" && len(args) < 2 {
		c.WriteStrings([]string{"pong", strings.Join(args, "")})
		return
	}
	c.WriteError(fmt.Sprintf("ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", strings.ToLower(cmd)))
}

func (l *listener) count() int { return len(l.on[channels]) + len(l.on[patterns]) }

func (p *pubsub) add(l *listener, k kind, topic string) {
	if p.topics[k][topic][l] {
		return
	}
	if p.topics[k][topic] == nil {
		p.topics[k][topic] = map[*listener]bool{}
	}
	p.topics[k][topic][l] = true
	l.on[k] = append(l.on[k], topic)
}

func (p *pubsub) drop(l *listener, k kind, topic string) {
	delete(p.topics[k][topic], l)
	if len(p.topics[k][topic]) == 0 {
		delete(p.topics[k], topic)
	}
	if i := slices.Index(l.on[k], topic); i >= 0 {
		l.on[k] = slices.Delete(l.on[k], i, i+1)
	}
}

// send gives a message to all who listen, and returns how often it did.
func (p *pubsub) send(channel, message string) int {
	n := 0
	for l := range p.topics[channels][channel] {
		l.push(pushMessage(l.peer.Resp3, "message", channel, message))
		n++
	}
	for pattern, listeners := range p.topics[patterns] {
		if !matchGlob(pattern, channel) {
			continue
		}
		for l := range listeners {
			l.push(pushMessage(l.peer.Resp3, "pmessage", pattern, channel, message))
			n++
		}
	}
	return n
}

func pushMessage(resp3 bool, parts ...string) []byte {
	mark := byte('*')
	if resp3 {
		mark = '>'
	}
	b := fmt.Appendf(nil, "%c%d\r\n", mark, len(parts))
	for _, s := range parts {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(s), s)
	}
	return b
}

func (e *engine) publish(c *server.Peer, args []string) {
	if len(args) != 2 {
		wrongNumber(c, "publish")
		return
	}
	c.WriteInt(e.pubsub.send(args[0], args[1]))
}

func (e *engine) subscribe(k kind) answer {
	return func(c *server.Peer, args []string) {
		l := e.pubsub.clients[c]
		if l == nil {
			c.WriteError("ERR This Redis command is not allowed from script")
			return
		}
		if len(args) == 0 {
			wrongNumber(c, verbs[k].sub)
			return
		}
		for _, topic := range args {
			e.pubsub.add(l, k, topic)
			confirm(c, verbs[k].sub, &topic, l.count())
		}
	}
}

func (e *engine) unsubscribe(k kind) answer {
	return func(c *server.Peer, args []string) {
		l := e.pubsub.clients[c]
		if l == nil {
			c.WriteError("ERR This Redis command is not allowed from script")
			return
		}
		if len(args) == 0 {
			args = slices.Clone(l.on[k])
		}
		if len(args) == 0 {
			confirm(c, verbs[k].unsub, nil, l.count())
		}
		for _, topic := range args {
			e.pubsub.drop(l, k, topic)
			confirm(c, verbs[k].unsub, &topic, l.count())
		}
	}
}

func confirm(c *server.Peer, verb string, topic *string, count int) {
	c.WritePushLen(3)
	c.WriteBulk(verb)
	if topic == nil {
		c.WriteNull()
	} else {
		c.WriteBulk(*topic)
	}
	c.WriteInt(count)
}

func (e *engine) pubsubInfo(c *server.Peer, args []string) {
	if len(args) == 0 {
		wrongNumber(c, "pubsub")
		return
	}
	switch sub := strings.ToUpper(args[0]); sub {
	case "CHANNELS":
		var active []string
		for topic := range e.pubsub.topics[channels] {
			if len(args) < 2 || matchGlob(args[1], topic) {
				active = append(active, topic)
			}
		}
		c.WriteStrings(active)
	case "NUMSUB":
		c.WriteLen(2 * (len(args) - 1))
		for _, topic := range args[1:] {
			c.WriteBulk(topic)
			c.WriteInt(len(e.pubsub.topics[channels][topic]))
		}
	case "NUMPAT":
		c.WriteInt(len(e.pubsub.topics[patterns]))
	default:
		refuse(c, "PUBSUB "+sub)
	}
}
