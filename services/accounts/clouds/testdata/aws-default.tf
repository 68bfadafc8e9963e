# Applied with credentials of account 100000000001; attach the policy to the
# identity that Rollcall's discovery service runs as.
resource "aws_iam_policy" "rollcall_access" {
  name        = "rollcall"
  description = "Lets Rollcall read, start and stop instances and databases"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RollcallReads"
        Effect = "Allow"
        Action = [
          "ec2:DescribeInstances",
          "ec2:DescribeRegions",
          "rds:DescribeDBClusters",
          "rds:DescribeDBInstances",
        ]
        Resource = "*"
      },
      {
        Sid    = "RollcallStartsAndStops"
        Effect = "Allow"
        Action = [
          "ec2:DescribeSpotInstanceRequests",
          "ec2:StartInstances",
          "ec2:StopInstances",
          "rds:StartDBCluster",
          "rds:StartDBInstance",
          "rds:StopDBCluster",
          "rds:StopDBInstance",
        ]
        Resource = "*"
      },
    ]
  })
}
