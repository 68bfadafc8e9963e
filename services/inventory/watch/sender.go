package watch

import (
	"context"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
	"github.com/rollcall-dev/rollcall/services/inventory"
)

// room is how many messages may wait for the stream.
const room = 16

// sender hands messages to a stream, which may take its time, without holding up
// the watcher: that has its heartbeats and its patience to look after.
type sender struct {
	send     func(*Message) error
	messages chan *Message
	stop     chan struct{} // closed to leave what is ready
	ended    chan struct{}

	mu   sync.Mutex
	sent string // token of the last message that the stream took
	err  error
}

func startSender(send func(*Message) error, resumedFrom string) *sender {
	s := &sender{send: send, messages: make(chan *Message, room), stop: make(chan struct{}), ended: make(chan struct{}), sent: resumedFrom}
	go s.run()
	return s
}

func (s *sender) run() {
	defer close(s.ended)
	for message := range s.messages {
		select {
		case <-s.stop:
			return
		default:
		}
		err := s.send(message)
		s.mu.Lock()
		if s.err = err; err == nil {
			s.sent = message.Token
		}
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// put hands a message over and tells how long that took. When the stream has
// taken nothing for limit it gives up.
func (s *sender) put(ctx context.Context, message *Message, limit time.Duration) (waited time.Duration, err error) {
	select {
	case s.messages <- message:
		return 0, nil
	default:
	}
	begun := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case s.messages <- message:
		return time.Since(begun), nil
	case <-s.ended:
		return 0, s.failure()
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
		return 0, tooSlow("took nothing for %s", limit)
	}
}

func (s *sender) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// last is the token of the last message that the stream took.
func (s *sender) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// close lets the stream take what is ready for it, for as long as that takes, but
// no longer than limit. A message that the stream is taking right then ends with
// the stream.
func (s *sender) close(limit time.Duration) {
	close(s.messages)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	defer close(s.stop)
	select {
	case <-s.ended:
	case <-timer.C:
	}
}

func tooSlow(format string, args ...any) *fault.Error {
	f := fault.New(fault.KindResourceExhausted, inventory.ReasonTooSlow, format, args...)
	f.Message = "this watcher " + f.Message + "; it was dropped, and can resume from its last token"
	return f
}
