# Run with credentials of account 100000000001 that may make roles.
set -eu
# Who Rollcall is: the ARN of the role or user that its discovery service runs
# as, for example arn:aws:iam::999999999999:role/rollcall
: "${ROLLCALL_PRINCIPAL:?set it to the ARN that Rollcall runs as}"

aws iam create-role \
  --role-name 'rollcall' \
  --path '/team/' \
  --description 'Lets Rollcall read instances and databases' \
  --assume-role-policy-document "$(cat <<TRUST
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {"AWS": "${ROLLCALL_PRINCIPAL}"},
      "Action": "sts:AssumeRole",
      "Condition": {"StringEquals": {"sts:ExternalId": "rollcall-ABC234"}}
    }
  ]
}
TRUST
)"

aws iam put-role-policy \
  --role-name 'rollcall' \
  --policy-name rollcall \
  --policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "RollcallReads",
      "Effect": "Allow",
      "Action": [
        "ec2:DescribeInstances",
        "ec2:DescribeRegions",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances"
      ],
      "Resource": "*"
    }
  ]
}'
