# Run by someone who may make roles and service accounts in the project.
set -eu
PROJECT='my-project'
SERVICE_ACCOUNT='rollcall@my-project.iam.gserviceaccount.com'
MEMBER="serviceAccount:${SERVICE_ACCOUNT}"

gcloud services enable compute.googleapis.com sqladmin.googleapis.com --project "${PROJECT}"

gcloud iam roles create rollcall --project "${PROJECT}" \
  --title Rollcall --stage GA \
  --description 'Lets Rollcall read, start and stop instances and databases' \
  --permissions cloudsql.instances.get,cloudsql.instances.list,compute.instances.get,compute.instances.list,compute.zones.list,cloudsql.instances.update,compute.instances.resume,compute.instances.start,compute.instances.stop,compute.zoneOperations.get,compute.zoneOperations.list

gcloud iam service-accounts create 'rollcall' --project "${PROJECT}" --display-name Rollcall

gcloud projects add-iam-policy-binding "${PROJECT}" \
  --member "${MEMBER}" --role "projects/${PROJECT}/roles/rollcall" --condition None

IMPERSONATOR='principalSet://iam.googleapis.com/projects/12/locations/global/workloadIdentityPools/pool/*'
gcloud services enable iamcredentials.googleapis.com --project "${PROJECT}"
gcloud iam service-accounts add-iam-policy-binding "${SERVICE_ACCOUNT}" --project "${PROJECT}" \
  --member "${IMPERSONATOR}" --role roles/iam.workloadIdentityUser --condition None
