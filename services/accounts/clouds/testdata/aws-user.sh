# Run with credentials of account 100000000001 that may make users. The last
# command shows the secret access key, this once.
set -eu

aws iam create-user --user-name rollcall

aws iam put-user-policy \
  --user-name rollcall \
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

aws iam create-access-key --user-name rollcall
