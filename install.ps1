# Builds the C# kernel on this machine and installs it for you: .\install.ps1 [INSTALL OPTION...] [--run NOTEBOOK...]
# Windows version of install.sh. Not tested on Windows yet; please report problems.
$ErrorActionPreference = 'Stop'

function Fail($message) {
    [Console]::Error.WriteLine("install.ps1: $message")
    exit 1
}

$sourceDir = $PSScriptRoot
$publishDir = Join-Path $sourceDir 'artifacts\publish'

$installOptions = @($args)
$notebooks = @()
$run = [array]::IndexOf($installOptions, '--run')
if ($run -ge 0) {
    $notebooks = @($installOptions | Select-Object -Skip ($run + 1))
    $installOptions = @($installOptions | Select-Object -First $run)
    if ($notebooks.Count -eq 0) { Fail '--run needs a notebook: .\install.ps1 --run samples\tour.ipynb' }
}

if (-not (Get-Command dotnet -ErrorAction SilentlyContinue)) {
    Fail "'dotnet' was not found on the PATH. Install the .NET SDK 10 or later: https://dotnet.microsoft.com/download"
}
if (-not (dotnet --list-sdks | Select-String '^[1-9][0-9]+\.')) {
    Fail 'The .NET SDK 10 or later is required, but only older versions are installed. Install it from https://dotnet.microsoft.com/download'
}

Write-Host 'Building the kernel; this takes three to seven minutes...'
if (Test-Path $publishDir) { Remove-Item $publishDir -Recurse -Force }
# Folders of its own (--artifacts-path): this build's ReadyToRun images must never mix with those of ordinary builds.
dotnet publish (Join-Path $sourceDir 'src\JupyterKernel') --configuration Release --use-current-runtime --self-contained true `
    '-p:RunAnalyzers=false' '-p:PublishReadyToRun=true' '-p:PublishReadyToRunComposite=true' `
    '-p:PublishReadyToRunCrossgen2ExtraArgs=--instruction-set:native' `
    --artifacts-path (Join-Path $sourceDir 'artifacts\publish-build') --output $publishDir --verbosity quiet
if ($LASTEXITCODE -ne 0) { Fail 'The build failed (see above). Nothing was installed.' }

$report = & (Join-Path $publishDir 'jupyter-csharp.exe') install --copy @installOptions
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
$report

if ($run -ge 0) {
    $program = @($report -match '^Program: ')[0] -replace '^Program: ', ''
    & $program run @notebooks
    exit $LASTEXITCODE
}
