package keyfile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-dev/rollcall/services/internal/keyfile"
)

// pemKey is the RSA key of all tests, because generating one takes long.
var pemKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return encode("PRIVATE KEY", key)
})

func encode(kind string, key any) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// file returns the JSON of members.
func file(tb testing.TB, members map[string]any) []byte {
	tb.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// serviceAccount returns a key file in Google's form with changes. A nil removes a member.
func serviceAccount(changes map[string]any) map[string]any {
	return change(map[string]any{
		"type": "service_account", "project_id": "my-project", "private_key_id": "4f9a", "private_key": pemKey(),
		"client_email": "rollcall@my-project.iam.gserviceaccount.com", "client_id": "1234",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
		"auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
		"client_x509_cert_url":        "https://www.googleapis.com/robot/v1/metadata/x509/x",
		"universe_domain":             "googleapis.com",
	}, changes)
}

// external returns a configuration with a token from a URL.
func external(changes map[string]any) map[string]any {
	return change(map[string]any{
		"type": "external_account", "universe_domain": "googleapis.com",
		"audience":                          "//iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/providers/azure",
		"subject_token_type":                "urn:ietf:params:oauth:token-type:jwt",
		"token_url":                         "https://sts.googleapis.com/v1/token",
		"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/rollcall@my-project.iam.gserviceaccount.com:generateAccessToken",
		"service_account_impersonation":     map[string]any{"token_lifetime_seconds": 3600},
		"credential_source": map[string]any{
			"url":     "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=api://rollcall",
			"headers": map[string]any{"Metadata": "True"},
			"format":  map[string]any{"type": "json", "subject_token_field_name": "access_token"},
		},
	}, changes)
}

// fromAWS returns a configuration with an AWS identity, with changes of its source.
func fromAWS(changes map[string]any) map[string]any {
	return external(map[string]any{
		"subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
		"credential_source": change(map[string]any{
			"environment_id":                 "aws1",
			"region_url":                     "http://169.254.169.254/latest/meta-data/placement/availability-zone",
			"url":                            "http://169.254.169.254/latest/meta-data/iam/security-credentials",
			"imdsv2_session_token_url":       "http://[fd00:ec2::254]/latest/api/token",
			"regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
		}, changes),
	})
}

// fromURL returns a configuration with another source of tokens.
func fromURL(source map[string]any) map[string]any {
	return external(map[string]any{"credential_source": source})
}

func change(members, changes map[string]any) map[string]any {
	for name, value := range changes {
		if value == nil {
			delete(members, name)
			continue
		}
		members[name] = value
	}
	return members
}

func hosts(tb testing.TB, list ...string) keyfile.Hosts {
	tb.Helper()
	h, err := keyfile.NewHosts(list...)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func TestServiceAccount(t *testing.T) {
	t.Parallel()
	key, err := keyfile.ParseServiceAccount(file(t, serviceAccount(nil)), keyfile.Hosts{})
	if err != nil {
		t.Fatal(err)
	}
	want := &keyfile.ServiceAccount{
		ProjectID: "my-project", ClientEmail: "rollcall@my-project.iam.gserviceaccount.com", ClientID: "1234",
		PrivateKeyID: "4f9a", TokenURI: "https://oauth2.googleapis.com/token", PrivateKey: pemKey(),
	}
	if !reflect.DeepEqual(key, want) {
		t.Errorf("read %+v", key)
	}
	again, err := keyfile.ParseServiceAccount(key.JSON(), keyfile.Hosts{})
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("its JSON is read as %+v, %v", again, err)
	}
	if used, err := key.Key(); err != nil || used.N.BitLen() != 2048 {
		t.Errorf("the key: %v", err)
	}
}

func TestExternalAccount(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]map[string]any{
		"Azure": external(nil), "AWS": fromAWS(nil),
		"AWS in China":           fromAWS(map[string]any{"regional_cred_verification_url": "https://sts.cn-north-1.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15"}),
		"AWS by its environment": fromAWS(map[string]any{"region_url": nil, "url": nil, "imdsv2_session_token_url": nil}),
		"no impersonation":       external(map[string]any{"service_account_impersonation_url": nil, "service_account_impersonation": nil}),
		"regional addresses": external(map[string]any{
			"token_url":                         "https://sts.us-east1.rep.googleapis.com/v1/token",
			"service_account_impersonation_url": "https://iamcredentials.us-east1.rep.googleapis.com/v1/projects/-/serviceAccounts/a@b.iam.gserviceaccount.com:generateAccessToken",
		}),
		"workforce": external(map[string]any{"client_id": "id", "client_secret": "hush", "workforce_pool_user_project": "my-project"}),
	} {
		account, err := keyfile.ParseExternalAccount(file(t, members), keyfile.Hosts{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := keyfile.ParseExternalAccount(account.JSON(), keyfile.Hosts{})
		if err != nil || !reflect.DeepEqual(again, account) {
			t.Errorf("%s: its JSON is read as\n%+v, %v, want\n%+v", name, again, err, account)
		}
	}
	account, err := keyfile.ParseExternalAccount(file(t, external(nil)), keyfile.Hosts{})
	if err != nil || account.ServiceAccount() != "rollcall@my-project.iam.gserviceaccount.com" || account.TokenLifetime != 3600 ||
		account.Source.URL.Field != "access_token" || account.Source.URL.Headers["Metadata"] != "True" {
		t.Errorf("read %+v, %v", account, err)
	}
}

// TestHosts checks that only the hosts of the operator are accepted.
func TestHosts(t *testing.T) {
	t.Parallel()
	allowed := hosts(t, " Localhost:8085", "tokens.corp.example", "[::1]:99", "")
	for address, want := range map[string]bool{
		"http://localhost:8085/token": true, "https://LOCALHOST:8085/x?y=z": true, "http://[::1]:99/t": true,
		"http://tokens.corp.example/t": true, "https://tokens.corp.example/t": true,
		"http://localhost/token": false, "http://localhost:8086/token": false, "https://tokens.corp.example:444/t": false,
		"http://localhost:8085@evil.example/t": false, "http://localhost:8085.evil.example/": false,
		"http://evil.example/localhost:8085": false, "http://evil.example#localhost:8085": false,
	} {
		_, key := keyfile.ParseServiceAccount(file(t, serviceAccount(map[string]any{"token_uri": address})), allowed)
		_, url := keyfile.ParseExternalAccount(file(t, fromURL(map[string]any{"url": address})), allowed)
		_, exchange := keyfile.ParseExternalAccount(file(t, external(map[string]any{"token_url": address})), allowed)
		_, aws := keyfile.ParseExternalAccount(file(t, fromAWS(map[string]any{"region_url": address})), allowed)
		for what, err := range map[string]error{"token_uri": key, "credential_source.url": url, "token_url": exchange, "region_url": aws} {
			if (err == nil) != want {
				t.Errorf("%s %s: %v", what, address, err)
			}
		}
	}
	for _, bad := range []string{"https://x", "x/y", "a b", "u@x"} {
		if _, err := keyfile.NewHosts(bad); err == nil {
			t.Errorf("%q is accepted as a host", bad)
		}
	}
}

// marker is content of files that are refused. No error may quote it.
const marker = "S3CRETm4rker"

func wantWrong(t *testing.T, name string, err error, member string) {
	t.Helper()
	wrong, ok := errors.AsType[*keyfile.Error](err)
	if !ok || wrong.Member != member {
		t.Errorf("%s: %v, want an error about %q", name, err, member)
		return
	}
	if strings.Contains(err.Error(), marker) || strings.Contains(err.Error(), pemKey()[40:60]) {
		t.Errorf("%s: the error quotes the file: %v", name, err)
	}
}

func TestParseServiceAccount_Invalid(t *testing.T) {
	t.Parallel()
	otherKind, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	huge := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: make([]byte, 6000)}))
	for name, c := range map[string]struct {
		changes map[string]any
		member  string
	}{
		"no type":                {map[string]any{"type": nil}, "type"},
		"somebody's login":       {map[string]any{"type": "authorized_user"}, "type"},
		"federation":             {map[string]any{"type": "external_account"}, "type"},
		"unknown type":           {map[string]any{"type": marker}, "type"},
		"type of another kind":   {map[string]any{"type": 123456789}, "type"},
		"type in capitals only":  {map[string]any{"type": nil, "Type": "service_account"}, "type"},
		"no key":                 {map[string]any{"private_key": nil}, "private_key"},
		"key that is no PEM":     {map[string]any{"private_key": marker}, "private_key"},
		"key cut short":          {map[string]any{"private_key": pemKey()[:900]}, "private_key"},
		"key with a changed bit": {map[string]any{"private_key": strings.Replace(pemKey(), pemKey()[500:503], "AAA", 1)}, "private_key"},
		"two keys":               {map[string]any{"private_key": pemKey() + pemKey()}, "private_key"},
		"key of another kind":    {map[string]any{"private_key": encode("PRIVATE KEY", otherKind)}, "private_key"},
		"huge key":               {map[string]any{"private_key": huge}, "private_key"},
		"key as an object":       {map[string]any{"private_key": map[string]any{"x": marker}}, "private_key"},
		"email":                  {map[string]any{"client_email": marker}, "client_email"},
		"project":                {map[string]any{"project_id": marker + "\n"}, "project_id"},
		"NUL":                    {map[string]any{"project_id": "a\x00b"}, "project_id"},
		"another universe":       {map[string]any{"universe_domain": marker}, "universe_domain"},
		"foreign token address":  {map[string]any{"token_uri": "https://" + marker + ".example/token"}, "token_uri"},
		"plain http":             {map[string]any{"token_uri": "http://oauth2.googleapis.com/token"}, "token_uri"},
		"another port":           {map[string]any{"token_uri": "https://oauth2.googleapis.com:8443/token"}, "token_uri"},
		"user in the address":    {map[string]any{"token_uri": "https://oauth2.googleapis.com@evil.example/token"}, "token_uri"},
		"backslash":              {map[string]any{"token_uri": `https://evil.example\@oauth2.googleapis.com/token`}, "token_uri"},
		"look-alike":             {map[string]any{"token_uri": "https://oauth2.googleapis.com.evil.example/token"}, "token_uri"},
		"another Google service": {map[string]any{"token_uri": "https://storage.googleapis.com/evil/token"}, "token_uri"},
		"Cyrillic letter":        {map[string]any{"token_uri": "https://оauth2.googleapis.com/token"}, "token_uri"},
		"no address":             {map[string]any{"token_uri": "file:///etc/passwd"}, "token_uri"},
	} {
		_, err := keyfile.ParseServiceAccount(file(t, serviceAccount(c.changes)), keyfile.Hosts{})
		wantWrong(t, name, err, c.member)
	}
}

func TestParseExternalAccount_Invalid(t *testing.T) {
	t.Parallel()
	source := func(source map[string]any) map[string]any { return fromURL(source) }
	for name, c := range map[string]struct {
		members map[string]any
		member  string
	}{
		"a key":                 {serviceAccount(nil), "type"},
		"a program":             {source(map[string]any{"executable": map[string]any{"command": "/bin/" + marker}}), "credential_source.executable"},
		"a program beside":      {source(map[string]any{"url": "http://169.254.169.254/metadata/identity/oauth2/token?a=b", "executable": map[string]any{}}), "credential_source.executable"},
		"a file":                {source(map[string]any{"file": "/etc/" + marker}), "credential_source.file"},
		"a certificate":         {source(map[string]any{"certificate": map[string]any{"use_default_certificate_config": true}}), "credential_source.certificate"},
		"no source":             {external(map[string]any{"credential_source": nil}), "credential_source"},
		"empty source":          {source(map[string]any{}), "credential_source"},
		"source of text":        {external(map[string]any{"credential_source": marker}), "credential_source"},
		"foreign source":        {source(map[string]any{"url": "https://" + marker + ".example/"}), "credential_source.url"},
		"AWS's metadata as URL": {source(map[string]any{"url": "http://169.254.169.254/latest/meta-data/iam/security-credentials/role"}), "credential_source.url"},
		"Google's metadata":     {source(map[string]any{"url": "http://metadata.google.internal/computeMetadata/v1/x"}), "credential_source.url"},
		"a file as address":     {source(map[string]any{"url": "file:///etc/passwd"}), "credential_source.url"},
		"header": {source(map[string]any{
			"url": "http://169.254.169.254/metadata/identity/oauth2/token?a=b", "headers": map[string]any{"X-Other": marker},
		}), "credential_source.headers"},
		"broken header": {source(map[string]any{
			"url": "http://169.254.169.254/metadata/identity/oauth2/token?a=b", "headers": map[string]any{"Metadata": marker + "\r\nHost: x"},
		}), "credential_source.headers"},
		"format":              {source(map[string]any{"url": "http://169.254.169.254/metadata/identity/oauth2/token?a=b", "format": map[string]any{"type": marker}}), "credential_source.format.type"},
		"no audience":         {external(map[string]any{"audience": nil}), "audience"},
		"audience":            {external(map[string]any{"audience": marker}), "audience"},
		"token type":          {external(map[string]any{"subject_token_type": marker}), "subject_token_type"},
		"AWS with a JWT":      {change(fromAWS(nil), map[string]any{"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}), "subject_token_type"},
		"AWS version":         {fromAWS(map[string]any{"environment_id": "aws2"}), "credential_source.environment_id"},
		"AWS foreign region":  {fromAWS(map[string]any{"region_url": "http://" + marker + ".example/"}), "credential_source.region_url"},
		"AWS foreign STS":     {fromAWS(map[string]any{"regional_cred_verification_url": "https://sts.{region}." + marker + ".example?Action=GetCallerIdentity&Version=2011-06-15"}), "credential_source.regional_cred_verification_url"},
		"foreign exchange":    {external(map[string]any{"token_url": "https://sts.googleapis.com.evil.example/v1/token"}), "token_url"},
		"foreign credentials": {external(map[string]any{"service_account_impersonation_url": "https://evil.example/v1/projects/-/serviceAccounts/x:generateAccessToken"}), "service_account_impersonation_url"},
		"another method":      {external(map[string]any{"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/x:signBlob"}), "service_account_impersonation_url"},
		"endless token":       {external(map[string]any{"service_account_impersonation": map[string]any{"token_lifetime_seconds": 1e99}}), "service_account_impersonation.token_lifetime_seconds"},
	} {
		_, err := keyfile.ParseExternalAccount(file(t, c.members), keyfile.Hosts{})
		wantWrong(t, name, err, c.member)
	}
}

func TestParse_NotAKeyFile(t *testing.T) {
	t.Parallel()
	whole := string(file(t, serviceAccount(map[string]any{"project_id": marker})))
	for name, text := range map[string]string{
		"empty": "", "blank": " \n", "text": marker, "number": "123456789", "null": "null", "list": `["` + marker + `"]`,
		"truncated": whole[:len(whole)-1], "half": whole[:len(whole)/2], "two": whole + whole, "more": whole + marker,
		"not UTF-8": strings.Replace(whole, marker, "\xff\xfe", 1), "large": whole + strings.Repeat(" ", keyfile.MaxSize),
		"a member twice":  strings.Replace(whole, `{`, `{"token_uri":"https://evil.example",`, 1),
		"deeply nested":   strings.Repeat(`{"a":`, 12000),
		"bad escape":      strings.Replace(whole, marker, `\q`+marker, 1),
		"missing comma":   strings.Replace(whole, `,`, ` `, 1),
		"base64 of a key": "eyJ0eXBlIjoic2VydmljZV9hY2NvdW50In0=",
	} {
		_, key := keyfile.ParseServiceAccount([]byte(text), keyfile.Hosts{})
		wantWrong(t, name, key, "")
		_, account := keyfile.ParseExternalAccount([]byte(text), keyfile.Hosts{})
		wantWrong(t, name, account, "")
	}
}

// FuzzParse passes any input to both parsers. They end, accept their own output, and return
// errors of bounded size.
func FuzzParse(f *testing.F) {
	for _, members := range []map[string]any{serviceAccount(nil), external(nil), fromAWS(nil), fromURL(map[string]any{"file": "/x"})} {
		f.Add(file(f, members))
	}
	f.Add([]byte(`{"type":"service_account","type":"external_account"}`))
	f.Add([]byte(`{"type":1e999}`))
	allowed := hosts(f, "localhost:1", "x.example")
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := keyfile.ParseServiceAccount(text, allowed)
		if err == nil {
			again, err := keyfile.ParseServiceAccount(key.JSON(), allowed)
			if err != nil || !reflect.DeepEqual(again, key) {
				t.Errorf("%q became %q: %v", text, key.JSON(), err)
			}
		} else if key != nil || len(err.Error()) > 400 {
			t.Errorf("%q: %v", text, err)
		}
		account, err := keyfile.ParseExternalAccount(text, allowed)
		if err == nil {
			again, err := keyfile.ParseExternalAccount(account.JSON(), allowed)
			if err != nil || !reflect.DeepEqual(again, account) {
				t.Errorf("%q became %q: %v", text, account.JSON(), err)
			}
		} else if account != nil || len(err.Error()) > 400 {
			t.Errorf("%q: %v", text, err)
		}
	})
}
