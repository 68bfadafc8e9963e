package changefeed

import (
	"context"
	"sync"
	"time"

	"github.com/rollcall-dev/rollcall/services/internal/fault"
)

// senderBuffer is the number of messages that may wait for the stream.
const senderBuffer = 16

// sender sends messages to a stream, which may block, without blocking the watcher, which has heartbeats and limits to
// keep.
type sender struct {
	send     func(*Message) error
	messages chan *Message
	stop     chan struct{} // closed to drop the messages that wait
	ended    chan struct{}

	mu   sync.Mutex
	sent string // the token of the last message that the stream took
	err  error
}

func startSender(send func(*Message) error, resumedFrom string) *sender {
	s := &sender{
		send: send, messages: make(chan *Message, senderBuffer),
		stop: make(chan struct{}), ended: make(chan struct{}), sent: resumedFrom,
	}
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

// put hands a message over and returns how long that took. It returns an error if the stream takes nothing for the
// limit.
func (s *sender) put(ctx context.Context, message *Message, limit time.Duration) (waited time.Duration, err error) {
	select {
	case s.messages <- message:
		return 0, nil
	default:
	}
	begin := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case s.messages <- message:
		return time.Since(begin), nil
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

// last returns the token of the last message that the stream took.
func (s *sender) last() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// close waits until the stream has taken the messages that wait, but no longer than the limit. A message that the
// stream is taking then ends with the stream.
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
	f := fault.New(fault.KindResourceExhausted, fault.ReasonWatcherTooSlow, format, args...)
	f.Message = "this watcher " + f.Message + "; it was dropped and can resume from its last token"
	return f
}
