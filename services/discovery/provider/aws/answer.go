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

// peekSize is how much of an answer is looked at to see what it is: enough for
// an XML declaration and the name of the first element.
const peekSize = 512

// oddAnswerError is an answer that is not what was asked for, with a status that says
// all is well.
type oddAnswerError struct {
	operation string
	root      string
}

func (e *oddAnswerError) Error() string {
	if e.root == "" {
		return fmt.Sprintf("an answer to %s that is empty or no XML", e.operation)
	}
	return fmt.Sprintf("an answer to %s that is a %q", e.operation, e.root)
}

// checkAnswers refuses answers that the SDK would take for an empty list. All
// operations that we call are of the query protocols, where the answer to Do is
// the element DoResponse.
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

// rootElement is the name of the first element of an XML document that begins
// like this; "" when there is none.
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

// brokeOff tells answers that broke off or made no sense on the way, of which
// another try may be whole.
func brokeOff(err error) aws.Ternary {
	if _, odd := errors.AsType[*oddAnswerError](err); odd {
		return aws.TrueTernary
	}
	if _, cut := errors.AsType[*smithy.DeserializationError](err); cut {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}
