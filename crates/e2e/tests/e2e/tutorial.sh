#!/bin/bash
# Build an image, push it to Amazon ECR, and check that it is there.
set -euo pipefail

ACCOUNT_ID=$(aws sts get-caller-identity --query Account --output text)

aws ecr create-repository \
    --repository-name user-service \
    --image-scanning-configuration scanOnPush=true \
    --region us-east-1

aws ecr get-login-password --region us-east-1 \
    | docker login --username AWS --password-stdin ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com

docker build -t user-service:v1.2.3 .

docker tag user-service:v1.2.3 ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:v1.2.3
docker tag user-service:v1.2.3 ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:latest

docker push ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:v1.2.3
docker push ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:latest

aws ecr describe-images --repository-name user-service --region us-east-1

docker rmi \
    user-service:v1.2.3 \
    ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:v1.2.3 \
    ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:latest
docker pull ${ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/user-service:v1.2.3
