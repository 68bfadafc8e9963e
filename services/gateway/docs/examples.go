package docs

// origin is the placeholder in the examples for the URL of the server.
const origin = "ORIGIN"

// examples has shell commands that call each method, by operation id. Every method must have one.
var examples = map[string][]string{
	"AccountService_ListAccounts": {
		`curl -s 'ORIGIN/v1/accounts'`,
		`curl -sG 'ORIGIN/v1/accounts' --data-urlencode 'filter=connection.status = FAILED'`,
	},
	"AccountService_CreateAccount": {
		`curl -s -X POST 'ORIGIN/v1/accounts' -d '{"displayName": "payments", "aws": {"accountId": "100000000001"}}'`,
		`curl -s -X POST 'ORIGIN/v1/accounts' -d '{"displayName": "data", "aws": {"accountId": "100000000002",` + "\n" +
			`  "assumeRole": {"roleArn": "arn:aws:iam::100000000002:role/rollcall", "externalId": "a-shared-word"}}}'`,
		`jq -n --rawfile key key.json '{gcp: {projectId: "my-project", serviceAccountKey: {json: $key}}}' \` + "\n" +
			`  | curl -s -X POST 'ORIGIN/v1/accounts' -d @-`,
	},
	"AccountService_GetAccount": {
		`curl -s 'ORIGIN/v1/accounts/aws-100000000001'`,
	},
	"AccountService_UpdateAccount": {
		`curl -s -X PATCH 'ORIGIN/v1/accounts/aws-100000000001' -d '{"paused": true}'`,
	},
	"AccountService_DeleteAccount": {
		`curl -s -X DELETE 'ORIGIN/v1/accounts/aws-100000000001'`,
	},
	"AccountService_GetSetupGuide": {
		`curl -s 'ORIGIN/v1/accounts/aws-100000000001:setupGuide' | jq -r '.snippets[] | select(.tool == "aws-cli").text'`,
	},
	"KeyService_RotateKeys": {
		`curl -s -X POST 'ORIGIN/v1/keys:rotate'`,
	},
	"DiscoveryService_SyncAccount": {
		`curl -s -X POST 'ORIGIN/v1/accounts/aws-100000000001:sync'`,
	},
	"DiscoveryService_VerifyAccount": {
		`curl -s -X POST 'ORIGIN/v1/accounts/aws-100000000001:verify'`,
	},
	"DiscoveryService_ListSyncRuns": {
		`curl -sG 'ORIGIN/v1/syncRuns' --data-urlencode 'filter=account = accounts/aws-100000000001' -d pageSize=5`,
	},
	"DiscoveryService_GetSyncRun": {
		`curl -s 'ORIGIN/v1/syncRuns/RUN'`,
	},
	"DiscoveryService_WatchSyncRun": {
		`curl -sN 'ORIGIN/v1/syncRuns/RUN:watch'`,
	},
	"InventoryService_ListInstances": {
		`curl -s 'ORIGIN/v1/instances' | jq '.instances | length'`,
		`curl -sG 'ORIGIN/v1/instances' --data-urlencode 'filter=state = RUNNING AND labels.team = "data"' \` + "\n" +
			`  --data-urlencode 'orderBy=change_time desc' -d pageSize=100`,
	},
	"InventoryService_GetInstance": {
		`curl -s 'ORIGIN/v1/instances/INSTANCE'`,
	},
	"InventoryService_LookupInstance": {
		`curl -s 'ORIGIN/v1/instances:lookup?providerId=i-0a77c9d0a63dd8fcb'`,
		`curl -s 'ORIGIN/v1/instances:lookup?displayName=web-1&account=accounts/aws-100000000001'`,
	},
	"InventoryService_AggregateInstances": {
		`curl -s 'ORIGIN/v1/instances:aggregate?groupBy=state&groupBy=location.region'`,
	},
	"InventoryService_ExportInstances": {
		`curl -sG 'ORIGIN/v1/instances:export' --data-urlencode 'filter=kind = DATABASE'`,
	},
	"InventoryService_WatchInstances": {
		`curl -sNG 'ORIGIN/v1/instances:watch' --data-urlencode 'filter=kind = VIRTUAL_MACHINE' -d includeExisting=true`,
		`curl -sN 'ORIGIN/v1/instances:watch' -H 'Accept: text/event-stream' -H 'Last-Event-ID: TOKEN'`,
	},
	"InventoryService_ListInstanceChanges": {
		`curl -s 'ORIGIN/v1/instances/INSTANCE/changes'`,
	},
	"InventoryService_ConfirmScope": {
		`curl -s -X POST 'ORIGIN/v1/scopes/SCOPE:confirm' -d '{}'`,
	},
	"InventoryService_ListScopes": {
		`curl -sG 'ORIGIN/v1/scopes' --data-urlencode 'filter=last_error_reason != ""'`,
	},
	"LifecycleService_StartInstance": {
		`curl -s -X POST 'ORIGIN/v1/instances/INSTANCE:start' -d '{}'`,
	},
	"LifecycleService_StopInstance": {
		`curl -s -X POST 'ORIGIN/v1/instances/INSTANCE:stop' -d '{}'`,
	},
	"LifecycleService_StartInstance2": {
		`curl -s -X POST 'ORIGIN/v1/instances:start' -d '{"providerId": "i-0a77c9d0a63dd8fcb"}'`,
	},
	"LifecycleService_StopInstance2": {
		`curl -s -X POST 'ORIGIN/v1/instances:stop' -d '{"providerId": "i-0a77c9d0a63dd8fcb"}'`,
	},
	"LifecycleService_BatchStartInstances": {
		`curl -s -X POST 'ORIGIN/v1/instances:batchStart' -d '{"names": ["instances/INSTANCE"]}'`,
	},
	"LifecycleService_BatchStopInstances": {
		`curl -s -X POST 'ORIGIN/v1/instances:batchStop' -d '{"names": ["instances/INSTANCE"]}'`,
	},
	"OperationService_GetOperation": {
		`curl -s 'ORIGIN/v1/operations/OPERATION'`,
	},
	"OperationService_ListOperations": {
		`curl -s 'ORIGIN/v1/operations'`,
	},
	"OperationService_WaitOperation": {
		`curl -s -X POST 'ORIGIN/v1/operations/OPERATION:wait' -d '{}'`,
	},
	"OperationService_WatchOperation": {
		`curl -sN 'ORIGIN/v1/operations/OPERATION:watch'`,
	},
	"OperationService_CancelOperation": {
		`curl -s -X POST 'ORIGIN/v1/operations/OPERATION:cancel' -d '{}'`,
	},
	"OperationService_DeleteOperation": {
		`curl -s -X DELETE 'ORIGIN/v1/operations/OPERATION'`,
	},
	"AuditService_ListAuditEntries": {
		`curl -s 'ORIGIN/v1/auditEntries'`,
	},
	"AuditService_ExportAuditEntries": {
		`curl -s 'ORIGIN/v1/auditEntries:export'`,
	},
}
