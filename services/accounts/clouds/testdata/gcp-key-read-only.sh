# Run by someone who may make roles and service accounts in the project.
set -eu
PROJECT='my-project'
SERVICE_ACCOUNT='rollcall@my-project.iam.gserviceaccount.com'
MEMBER="serviceAccount:${SERVICE_ACCOUNT}"

gcloud services enable compute.googleapis.com sqladmin.googleapis.com --project "${PROJECT}"

gcloud iam roles create rollcall --project "${PROJECT}" \
  --title Rollcall --stage GA \
  --description 'Lets Rollcall read instances and databases' \
  --permissions cloudsql.instances.get,cloudsql.instances.list,compute.instances.get,compute.instances.list,compute.zones.list

gcloud iam service-accounts create 'rollcall' --project "${PROJECT}" --display-name Rollcall

gcloud projects add-iam-policy-binding "${PROJECT}" \
  --member "${MEMBER}" --role "projects/${PROJECT}/roles/rollcall" --condition None

# The key file is a secret: give it to Rollcall, and delete it.
gcloud iam service-accounts keys create rollcall-key.json --iam-account "${SERVICE_ACCOUNT}"
