#!/usr/bin/env bash
# Creates what a cluster's installer leaves in AWS: a VPC with a public and a private subnet in each of three zones, tagged so
# that controllers find them, and the security group of the nodes. For LocalStack (compose.yaml runs it), or any AWS
# endpoint: AWS=aws AWS_ENDPOINT_URL=http://127.0.0.1:4566 localstack/network.sh
set -euo pipefail

aws=${AWS:-awslocal}
cluster=${CLUSTER_NAME:-demo}
export AWS_DEFAULT_REGION=${AWS_REGION:-us-east-1}

tags() { # TYPE KEY=VALUE…
  local type=$1 list='' pair
  shift
  for pair in "$@"; do list+="{Key=${pair%%=*},Value=${pair#*=}},"; done
  echo "ResourceType=$type,Tags=[${list%,}]"
}

vpc=$($aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.VpcId --output text \
  --tag-specifications "$(tags vpc "Name=$cluster")")
gateway=$($aws ec2 create-internet-gateway --query InternetGateway.InternetGatewayId --output text)
$aws ec2 attach-internet-gateway --internet-gateway-id "$gateway" --vpc-id "$vpc"
table=$($aws ec2 create-route-table --vpc-id "$vpc" --query RouteTable.RouteTableId --output text)
$aws ec2 create-route --route-table-id "$table" --destination-cidr-block 0.0.0.0/0 --gateway-id "$gateway" >/dev/null

index=0
for zone in a b c; do
  for role in elb internal-elb; do
    subnet=$($aws ec2 create-subnet --vpc-id "$vpc" --cidr-block "10.0.$((index * 16)).0/20" \
      --availability-zone "$AWS_DEFAULT_REGION$zone" --query Subnet.SubnetId --output text \
      --tag-specifications "$(tags subnet "kubernetes.io/role/$role=1" "kubernetes.io/cluster/$cluster=shared")")
    if [ "$role" = elb ]; then
      $aws ec2 associate-route-table --route-table-id "$table" --subnet-id "$subnet" >/dev/null
    fi
    index=$((index + 1))
  done
done

group=$($aws ec2 create-security-group --group-name "$cluster-nodes" --description "Nodes of $cluster" --vpc-id "$vpc" \
  --query GroupId --output text --tag-specifications "$(tags security-group "kubernetes.io/cluster/$cluster=owned")")

echo "VPC $vpc, nodes' security group $group: run Gatehouse with --cluster-name=$cluster --aws-vpc-id=$vpc"
