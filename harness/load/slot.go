package load

import (
	"fmt"
	"strconv"
	"strings"
)

// Slots is how many slots a Redis Cluster has.
const Slots = 16384

// crc16 continues CRC16-XMODEM (polynomial 0x1021, begun with 0) over text.
// It is linear: crc16(c, t) = crc16(c, zeros) ^ crc16(0, t), for as many zero
// bytes as t has.
func crc16(crc uint16, text string) uint16 {
	for i := range len(text) {
		crc = crcByte(crc, text[i])
	}
	return crc
}

func crcByte(crc uint16, b byte) uint16 {
	crc ^= uint16(b) << 8
	for range 8 {
		carry := crc & 0x8000
		crc <<= 1
		if carry != 0 {
			crc ^= 0x1021
		}
	}
	return crc
}

// RedisSlot is the slot of a Redis key: its CRC16-XMODEM modulo 16384, or that
// of its hash tag alone, which is what stands between its first { and the next
// }, when it is not empty (Redis Cluster specification).
func RedisSlot(key string) int { return int(crc16(0, hashed(key)) % Slots) }

// hashed is the part of a Redis key that decides its slot.
func hashed(key string) string {
	if open := strings.IndexByte(key, '{'); open >= 0 {
		if tag := strings.IndexByte(key[open+1:], '}'); tag > 0 {
			return key[open+1 : open+1+tag]
		}
	}
	return key
}

// OneSlot makes names of keys that all fall into one slot. They consist of
// letters, digits, - and _: since a name cannot carry a hash tag where braces
// are not allowed, three signs at its end are chosen so that the checksum comes
// out right.
type OneSlot struct {
	before, after string // what the target puts around a key, as far as it is hashed
	slot          uint16
	ends          *[Slots]string // by what they change the slot
}

const nameSigns = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// NewOneSlot prepares names for a slot. form is the Redis key that the target
// makes of a key, "{key}" standing for it.
func NewOneSlot(form string, slot int) (*OneSlot, error) {
	const mark = "\x00"
	if slot < 0 || slot >= Slots || !strings.Contains(form, "{key}") {
		return nil, fmt.Errorf("slot %d of %q; there are slots 0 to %d, and {key} must stand in the form", slot, form, Slots-1)
	}
	before, after, varies := strings.Cut(hashed(strings.Replace(form, "{key}", mark, 1)), mark)
	if !varies {
		return nil, fmt.Errorf("every key of the form %q is in slot %d, whatever it is", form, RedisSlot(form))
	}
	o := &OneSlot{before: before, after: after, slot: uint16(slot), ends: new([Slots]string)}
	for i := range len(nameSigns) {
		for j := range len(nameSigns) {
			for k := range len(nameSigns) {
				end := string([]byte{nameSigns[i], nameSigns[j], nameSigns[k]})
				o.ends[o.pass(crc16(0, end), len(after))%Slots] = end
			}
		}
	}
	return o, nil
}

// pass continues a checksum over zeros.
func (o *OneSlot) pass(crc uint16, zeros int) uint16 {
	for range zeros {
		crc = crcByte(crc, 0)
	}
	return crc
}

// Name is the name of key i: k-<i>-<three signs>.
func (o *OneSlot) Name(i uint32) string {
	name := "k-" + strconv.FormatUint(uint64(i), 10) + "-"
	without := o.pass(crc16(0, o.before+name), 3+len(o.after)) ^ crc16(0, o.after)
	return name + o.ends[(without^o.slot)%Slots]
}
