package aws

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// peekSize is the part of an answer, in bytes, that is enough for an XML declaration and the name of
// the first element.
const peekSize = 512

// oddAnswerError is an answer with a good status that is not the answer to the call.
type oddAnswerError struct {
	operation string
	root      string
}

func (e *oddAnswerError) Error() string {
	if e.root == "" {
		return fmt.Sprintf("an answer to %s that is empty or not XML", e.operation)
	}
	return fmt.Sprintf("an answer to %s that is a %q", e.operation, e.root)
}

// checkAnswers rejects answers that the SDK would decode as an empty list. All operations that
// Rollcall calls have the query protocols, where the answer to the operation Do is the element
// DoResponse.
func checkAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("rollcall:CheckAnswer",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			middleware.DeserializeOutput, middleware.Metadata, error,
		) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			response, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || response.StatusCode < 200 || response.StatusCode > 299 {
				return out, metadata, err
			}
			operation := awsmiddleware.GetOperationName(ctx)
			body := bufio.NewReader(response.Body)
			head, err := body.Peek(peekSize)
			if err != nil && !errors.Is(err, io.EOF) {
				return out, metadata, err
			}
			if root := rootElement(head); root != operation+"Response" {
				return out, metadata, &oddAnswerError{operation: operation, root: root}
			}
			response.Body = &readCloser{Reader: body, Closer: response.Body}
			return out, metadata, nil
		}), middleware.After)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// rootElement returns the name of the first element of an XML document with this beginning, or "" if
// there is none.
func rootElement(head []byte) string {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	for {
		head = bytes.TrimLeft(head, " \t\r\n")
		var end int
		switch {
		case bytes.HasPrefix(head, []byte("<?")):
			end = bytes.Index(head, []byte("?>")) + 2
		case bytes.HasPrefix(head, []byte("<!--")):
			end = bytes.Index(head, []byte("-->")) + 3
		case bytes.HasPrefix(head, []byte("<")):
			name := head[1:]
			if end := bytes.IndexAny(name, " \t\r\n/>"); end >= 0 {
				return string(name[:end])
			}
			return ""
		default:
			return ""
		}
		if end < 4 { // Not closed.
			return ""
		}
		head = head[end:]
	}
}

// brokeOff marks answers that ended early or could not be decoded as retryable: another try may get
// a complete one.
func brokeOff(err error) aws.Ternary {
	if _, odd := errors.AsType[*oddAnswerError](err); odd {
		return aws.TrueTernary
	}
	if _, cut := errors.AsType[*smithy.DeserializationError](err); cut {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
