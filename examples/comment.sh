#!/usr/bin/env bash
# Writes a file as a comment on a pull request of GitHub, in place of the bot's last comment with the same first line.
# usage: comment.sh FILE NUMBER, with GH_TOKEN and GITHUB_REPOSITORY set
set -euo pipefail
file=$1 number=$2
MARKER=$(head -n 1 "$file")
export MARKER
comments=repos/$GITHUB_REPOSITORY/issues/$number/comments
mine='.[] | select(.user.type == "Bot") | select(.body | startswith(env.MARKER)) | .id'
ids=$(gh api --paginate "$comments" --jq "$mine")
last=$(tail -n 1 <<< "$ids")
if [ -n "$last" ]; then
  gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$last" --field "body=@$file" --silent
else
  gh api --method POST "$comments" --field "body=@$file" --silent
fi
