# Run with credentials of account 100000000001 that may make roles.
set -eu
# Who Rollcall is: the ARN of the role or user that its discovery service runs
# as, for example arn:aws:iam::999999999999:role/rollcall
: "${ROLLCALL_PRINCIPAL:?set it to the ARN that Rollcall runs as}"

aws iam create-role \
  --role-name 'rollcall' \
  --path '/' \
  --description 'Lets Rollcall read, start and stop instances and databases' \
  --assume-role-policy-document "$(cat <<TRUST
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {"AWS": "${ROLLCALL_PRINCIPAL}"},
      "Action": "sts:AssumeRole"
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
    },
    {
      "Sid": "RollcallStartsAndStops",
      "Effect": "Allow",
      "Action": [
        "ec2:DescribeSpotInstanceRequests",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "rds:StartDBCluster",
        "rds:StartDBInstance",
        "rds:StopDBCluster",
        "rds:StopDBInstance"
      ],
      "Resource": "*"
    }
  ]
}'
