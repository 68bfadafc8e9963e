# Applied with credentials of account 100000000001; attach the policy to the
# identity that Rollcall's discovery service runs as.
resource "aws_iam_policy" "rollcall_read" {
  name        = "rollcall-read"
  description = "Lets Rollcall read instances and databases"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "RollcallReads"
      Effect = "Allow"
      Action = [
        "ec2:DescribeInstances",
        "ec2:DescribeRegions",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
      ]
      Resource = "*"
    }]
  })
}
